{{ edxorg_table('student_courseenrollment', [
  ['id', 'bigint'], ['user_id', 'bigint'], ['course_id', 'varchar'], ['created', 'timestamp'],
  ['is_active', 'boolean'], ['mode', 'varchar']
]) }}
