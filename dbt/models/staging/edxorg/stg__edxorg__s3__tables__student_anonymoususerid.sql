{{ edxorg_table('student_anonymoususerid', [
  ['id', 'bigint'], ['user_id', 'bigint'], ['anonymous_user_id', 'varchar'], ['course_id', 'varchar']
]) }}
