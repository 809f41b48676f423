with source_rows as (
  {{ course_rows('policy', [
    ['course_id', 'varchar'], ['policy_key', 'varchar'], ['display_coursenumber', 'varchar'],
    ['self_paced', 'boolean'], ['policy', 'varchar']
  ]) }}
)

select
  deployment,
  course_id,
  policy_key,
  display_coursenumber as display_course_number,
  self_paced as is_self_paced,
  policy
from source_rows
