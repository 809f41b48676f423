{{ edxorg_table('assessment_rubric', [
  ['id', 'bigint'], ['content_hash', 'varchar'], ['structure_hash', 'varchar']
]) }}
