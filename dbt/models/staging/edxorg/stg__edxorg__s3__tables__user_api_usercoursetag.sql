{{ edxorg_table('user_api_usercoursetag', [
  ['user_id', 'bigint'], ['course_id', 'varchar'], ['key', 'varchar'], ['value', 'varchar']
]) }}
