{{ edxorg_table('student_courseaccessrole', [
  ['org', 'varchar'], ['course_id', 'varchar'], ['user_id', 'bigint'], ['role', 'varchar']
]) }}
