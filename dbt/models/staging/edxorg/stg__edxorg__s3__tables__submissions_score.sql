{{ edxorg_table('submissions_score', [
  ['id', 'bigint'], ['student_item_id', 'bigint'], ['submission_id', 'bigint'], ['points_earned', 'bigint'],
  ['points_possible', 'bigint'], ['created_at', 'timestamp'], ['reset', 'boolean']
]) }}
