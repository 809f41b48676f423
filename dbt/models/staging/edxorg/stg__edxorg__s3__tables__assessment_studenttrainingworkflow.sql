{{ edxorg_table('assessment_studenttrainingworkflow', [
  ['id', 'bigint'], ['submission_uuid', 'varchar'], ['student_id', 'varchar'], ['item_id', 'varchar'],
  ['course_id', 'varchar']
]) }}
