{{ edxorg_table('assessment_studenttrainingworkflowitem', [
  ['id', 'bigint'], ['workflow_id', 'bigint'], ['order_num', 'bigint'], ['started_at', 'timestamp'],
  ['completed_at', 'timestamp'], ['training_example_id', 'bigint']
]) }}
