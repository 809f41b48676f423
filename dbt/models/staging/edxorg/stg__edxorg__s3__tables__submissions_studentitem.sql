{{ edxorg_table('submissions_studentitem', [
  ['id', 'bigint'], ['student_id', 'varchar'], ['course_id', 'varchar'], ['item_id', 'varchar'],
  ['item_type', 'varchar']
]) }}
