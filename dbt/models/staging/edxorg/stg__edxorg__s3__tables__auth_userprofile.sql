{{ edxorg_table('auth_userprofile', [
  ['id', 'bigint'], ['user_id', 'bigint'], ['name', 'varchar'], ['language', 'varchar'], ['location', 'varchar'],
  ['meta', 'varchar'], ['gender', 'varchar'], ['mailing_address', 'varchar'], ['year_of_birth', 'bigint'],
  ['level_of_education', 'varchar'], ['goals', 'varchar'], ['allow_certificate', 'boolean'],
  ['country', 'varchar'], ['city', 'varchar'], ['bio', 'varchar'], ['profile_image_uploaded_at', 'timestamp']
]) }}
