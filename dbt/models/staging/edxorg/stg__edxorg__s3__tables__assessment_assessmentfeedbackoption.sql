{{ edxorg_table('assessment_assessmentfeedbackoption', [
  ['id', 'bigint'], ['text', 'varchar']
]) }}
