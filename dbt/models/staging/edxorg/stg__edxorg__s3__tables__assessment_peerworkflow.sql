{{ edxorg_table('assessment_peerworkflow', [
  ['id', 'bigint'], ['student_id', 'varchar'], ['item_id', 'varchar'], ['course_id', 'varchar'],
  ['submission_uuid', 'varchar'], ['created_at', 'timestamp'], ['completed_at', 'timestamp'],
  ['grading_completed_at', 'timestamp'], ['cancelled_at', 'timestamp']
]) }}
