{{ edxorg_table('assessment_trainingexample_options_selected', [
  ['id', 'bigint'], ['trainingexample_id', 'bigint'], ['criterionoption_id', 'bigint']
]) }}
