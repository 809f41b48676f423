{{ edxorg_table('assessment_peerworkflowitem', [
  ['id', 'bigint'], ['author_id', 'bigint'], ['scorer_id', 'bigint'], ['submission_uuid', 'varchar'],
  ['started_at', 'timestamp'], ['scored', 'boolean'], ['assessment_id', 'bigint']
]) }}
