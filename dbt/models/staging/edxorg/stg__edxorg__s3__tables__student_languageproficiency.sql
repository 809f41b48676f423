{{ edxorg_table('student_languageproficiency', [
  ['id', 'bigint'], ['user_profile_id', 'bigint'], ['code', 'varchar']
]) }}
