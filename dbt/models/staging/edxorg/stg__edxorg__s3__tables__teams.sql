{{ edxorg_table('teams', [
  ['id', 'bigint'], ['team_id', 'varchar'], ['discussion_topic_id', 'varchar'], ['name', 'varchar'],
  ['course_id', 'varchar'], ['topic_id', 'varchar'], ['date_created', 'timestamp'], ['description', 'varchar'],
  ['country', 'varchar'], ['language', 'varchar'], ['last_activity_at', 'timestamp'], ['team_size', 'bigint']
]) }}
