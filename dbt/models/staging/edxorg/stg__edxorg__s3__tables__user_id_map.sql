{{ edxorg_table('user_id_map', [
  ['hash_id', 'varchar'], ['id', 'bigint'], ['username', 'varchar']
]) }}
