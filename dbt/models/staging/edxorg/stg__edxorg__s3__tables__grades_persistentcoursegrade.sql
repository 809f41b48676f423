{{ edxorg_table('grades_persistentcoursegrade', [
  ['course_id', 'varchar'], ['user_id', 'bigint'], ['grading_policy_hash', 'varchar'], ['percent_grade', 'double'],
  ['letter_grade', 'varchar'], ['passed_timestamp', 'timestamp'], ['created', 'timestamp'],
  ['modified', 'timestamp']
]) }}
