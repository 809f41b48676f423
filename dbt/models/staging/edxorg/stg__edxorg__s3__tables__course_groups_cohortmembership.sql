{{ edxorg_table('course_groups_cohortmembership', [
  ['id', 'bigint'], ['course_id', 'varchar'], ['course_user_group_id', 'bigint'], ['user_id', 'bigint']
]) }}
