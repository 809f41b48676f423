with source_rows as (
  {{ course_rows('metadata', [
    ['course_id', 'varchar'], ['course_number', 'varchar'], ['semester', 'varchar'], ['institution', 'varchar'],
    ['title', 'varchar'], ['course_start', 'varchar'], ['course_end', 'varchar'],
    ['enrollment_start', 'varchar'], ['enrollment_end', 'varchar'], ['instructor_info', 'varchar'],
    ['self_paced', 'boolean']
  ]) }}
)

select
  deployment,
  course_id,
  course_number,
  semester,
  institution,
  nullif(title, '') as title,
  {{ utc_timestamp('course_start') }} as starts_at,
  {{ utc_timestamp('course_end') }} as ends_at,
  {{ utc_timestamp('enrollment_start') }} as enrollment_starts_at,
  {{ utc_timestamp('enrollment_end') }} as enrollment_ends_at,
  instructor_info,
  coalesce(self_paced, false) as is_self_paced
from source_rows
