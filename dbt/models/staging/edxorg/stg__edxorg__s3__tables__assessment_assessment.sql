{{ edxorg_table('assessment_assessment', [
  ['id', 'bigint'], ['submission_uuid', 'varchar'], ['rubric_id', 'bigint'], ['scored_at', 'timestamp'],
  ['scorer_id', 'varchar'], ['score_type', 'varchar'], ['feedback', 'varchar']
]) }}
