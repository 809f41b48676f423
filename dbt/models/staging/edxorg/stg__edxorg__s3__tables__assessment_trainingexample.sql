{{ edxorg_table('assessment_trainingexample', [
  ['id', 'bigint'], ['raw_answer', 'varchar'], ['rubric_id', 'bigint'], ['content_hash', 'varchar']
]) }}
