{{ edxorg_table('assessment_criterionoption', [
  ['id', 'bigint'], ['criterion_id', 'bigint'], ['order_num', 'bigint'], ['points', 'bigint'], ['name', 'varchar'],
  ['label', 'varchar'], ['explanation', 'varchar']
]) }}
