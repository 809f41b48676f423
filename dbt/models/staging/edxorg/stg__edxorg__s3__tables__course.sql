{{ edxorg_table('course', []) }}
