{{ edxorg_table('assessment_assessmentfeedback', [
  ['id', 'bigint'], ['submission_uuid', 'varchar'], ['feedback_text', 'varchar']
]) }}
