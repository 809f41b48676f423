{{ edxorg_table('teams_membership', [
  ['id', 'bigint'], ['user_id', 'bigint'], ['team_id', 'bigint'], ['date_joined', 'timestamp'],
  ['last_activity_at', 'timestamp']
]) }}
