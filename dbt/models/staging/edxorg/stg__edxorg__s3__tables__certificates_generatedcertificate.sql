{{ edxorg_table('certificates_generatedcertificate', [
  ['id', 'bigint'], ['user_id', 'bigint'], ['download_url', 'varchar'], ['grade', 'double'],
  ['course_id', 'varchar'], ['key', 'varchar'], ['distinction', 'boolean'], ['status', 'varchar'],
  ['verify_uuid', 'varchar'], ['download_uuid', 'varchar'], ['name', 'varchar'], ['created_date', 'timestamp'],
  ['modified_date', 'timestamp'], ['error_reason', 'varchar'], ['mode', 'varchar']
]) }}
