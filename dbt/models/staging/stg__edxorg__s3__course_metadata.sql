with source_rows as (
  {{ raw_rows('raw__edxorg__s3__xml__course_metadata', [
    ['edxorg_course_id', 'varchar'], ['source_system', 'varchar'], ['course_id', 'varchar'],
    ['course_number', 'varchar'], ['semester', 'varchar'], ['institution', 'varchar'], ['title', 'varchar'],
    ['course_start', 'varchar'], ['course_end', 'varchar'], ['enrollment_start', 'varchar'],
    ['enrollment_end', 'varchar'], ['self_paced', 'boolean']
  ]) }}
)

select
  edxorg_course_id,
  source_system as archive_source,
  course_id,
  course_number,
  semester,
  institution,
  nullif(title, '') as title,
  {{ utc_timestamp('course_start') }} as starts_at,
  {{ utc_timestamp('course_end') }} as ends_at,
  {{ utc_timestamp('enrollment_start') }} as enrollment_starts_at,
  {{ utc_timestamp('enrollment_end') }} as enrollment_ends_at,
  coalesce(self_paced, false) as is_self_paced
from source_rows
