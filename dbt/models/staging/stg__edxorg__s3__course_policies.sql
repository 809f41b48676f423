with source_rows as (
  {{ raw_rows('raw__edxorg__s3__xml__course_policy', [
    ['edxorg_course_id', 'varchar'], ['source_system', 'varchar'], ['course_id', 'varchar'],
    ['policy_key', 'varchar'], ['display_coursenumber', 'varchar'], ['self_paced', 'boolean'],
    ['advanced_modules', 'varchar'], ['tabs', 'varchar'], ['tags', 'varchar'], ['policy', 'varchar']
  ]) }}
)

select
  edxorg_course_id,
  source_system as archive_source,
  course_id,
  policy_key,
  display_coursenumber as display_course_number,
  self_paced as is_self_paced,
  advanced_modules,
  tabs,
  tags,
  policy
from source_rows
