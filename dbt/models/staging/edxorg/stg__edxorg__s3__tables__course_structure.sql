{{ edxorg_table('course_structure', []) }}
