{{ edxorg_table('courseware_studentmodule', [
  ['id', 'bigint'], ['module_type', 'varchar'], ['module_id', 'varchar'], ['student_id', 'bigint'],
  ['state', 'varchar'], ['grade', 'double'], ['created', 'timestamp'], ['modified', 'timestamp'],
  ['max_grade', 'double'], ['done', 'varchar'], ['course_id', 'varchar']
]) }}
