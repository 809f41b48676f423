{{ edxorg_table('validate', []) }}
