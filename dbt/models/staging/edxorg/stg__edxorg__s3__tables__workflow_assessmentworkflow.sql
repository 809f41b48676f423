{{ edxorg_table('workflow_assessmentworkflow', [
  ['id', 'bigint'], ['created', 'timestamp'], ['modified', 'timestamp'], ['status', 'varchar'],
  ['status_changed', 'timestamp'], ['submission_uuid', 'varchar'], ['uuid', 'varchar'], ['course_id', 'varchar'],
  ['item_id', 'varchar']
]) }}
