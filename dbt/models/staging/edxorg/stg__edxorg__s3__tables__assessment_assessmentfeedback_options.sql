{{ edxorg_table('assessment_assessmentfeedback_options', [
  ['id', 'bigint'], ['assessmentfeedback_id', 'bigint'], ['assessmentfeedbackoption_id', 'bigint']
]) }}
