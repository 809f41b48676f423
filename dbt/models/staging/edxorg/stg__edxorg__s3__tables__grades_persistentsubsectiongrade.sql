{{ edxorg_table('grades_persistentsubsectiongrade', [
  ['course_id', 'varchar'], ['user_id', 'bigint'], ['usage_key', 'varchar'], ['earned_all', 'double'],
  ['possible_all', 'double'], ['earned_graded', 'double'], ['possible_graded', 'double'],
  ['first_attempted', 'timestamp'], ['created', 'timestamp'], ['modified', 'timestamp']
]) }}
