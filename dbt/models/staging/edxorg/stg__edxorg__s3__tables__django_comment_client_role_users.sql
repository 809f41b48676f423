{{ edxorg_table('django_comment_client_role_users', [
  ['course_id', 'varchar'], ['user_id', 'bigint'], ['name', 'varchar']
]) }}
