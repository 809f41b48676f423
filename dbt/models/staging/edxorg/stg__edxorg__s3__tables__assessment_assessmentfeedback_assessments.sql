{{ edxorg_table('assessment_assessmentfeedback_assessments', [
  ['id', 'bigint'], ['assessmentfeedback_id', 'bigint'], ['assessment_id', 'bigint']
]) }}
