{{ edxorg_table('examples', []) }}
