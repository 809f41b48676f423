{{ edxorg_table('wiki_article', [
  ['id', 'bigint'], ['current_revision_id', 'bigint'], ['created', 'timestamp'], ['modified', 'timestamp'],
  ['owner_id', 'bigint'], ['group_id', 'bigint'], ['group_read', 'boolean'], ['group_write', 'boolean'],
  ['other_read', 'boolean'], ['other_write', 'boolean']
]) }}
