{{ edxorg_table('submissions_submission', [
  ['id', 'bigint'], ['uuid', 'varchar'], ['student_item_id', 'bigint'], ['attempt_number', 'bigint'],
  ['submitted_at', 'timestamp'], ['created_at', 'timestamp'], ['raw_answer', 'varchar'], ['status', 'varchar']
]) }}
