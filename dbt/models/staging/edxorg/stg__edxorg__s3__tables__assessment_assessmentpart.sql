{{ edxorg_table('assessment_assessmentpart', [
  ['id', 'bigint'], ['assessment_id', 'bigint'], ['criterion_id', 'bigint'], ['option_id', 'bigint'],
  ['feedback', 'varchar']
]) }}
