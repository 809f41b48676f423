{{ edxorg_table('submissions_scoresummary', [
  ['id', 'bigint'], ['student_item_id', 'bigint'], ['highest_id', 'bigint'], ['latest_id', 'bigint']
]) }}
