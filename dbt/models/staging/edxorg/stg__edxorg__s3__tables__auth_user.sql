{{ edxorg_table('auth_user', [
  ['id', 'bigint'], ['username', 'varchar'], ['first_name', 'varchar'], ['last_name', 'varchar'],
  ['email', 'varchar'], ['is_staff', 'boolean'], ['is_active', 'boolean'], ['is_superuser', 'boolean'],
  ['last_login', 'timestamp'], ['date_joined', 'timestamp']
]) }}
