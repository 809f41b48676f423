{{ edxorg_table('assessment_criterion', [
  ['id', 'bigint'], ['rubric_id', 'bigint'], ['name', 'varchar'], ['label', 'varchar'], ['order_num', 'bigint'],
  ['prompt', 'varchar']
]) }}
