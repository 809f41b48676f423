{{ edxorg_table('workflow_assessmentworkflowstep', [
  ['id', 'bigint'], ['workflow_id', 'bigint'], ['name', 'varchar'], ['submitter_completed_at', 'timestamp'],
  ['assessment_completed_at', 'timestamp'], ['order_num', 'bigint'], ['skipped', 'boolean']
]) }}
