{{ edxorg_table('wiki_articlerevision', [
  ['id', 'bigint'], ['revision_number', 'bigint'], ['user_message', 'varchar'], ['automatic_log', 'varchar'],
  ['ip_address', 'varchar'], ['user_id', 'bigint'], ['modified', 'timestamp'], ['created', 'timestamp'],
  ['previous_revision_id', 'bigint'], ['deleted', 'boolean'], ['locked', 'boolean'], ['article_id', 'bigint'],
  ['content', 'varchar'], ['title', 'varchar']
]) }}
