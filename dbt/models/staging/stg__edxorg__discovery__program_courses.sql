with source_rows as (
  {{ raw_rows('raw__edxorg__discovery__api__program_course_metadata', [
    ['program_uuid', 'varchar'], ['course_key', 'varchar'], ['course_title', 'varchar'],
    ['course_short_description', 'varchar'], ['course_type', 'varchar']
  ]) }}
)

select
  program_uuid,
  course_key,
  nullif(course_title, '') as course_title,
  nullif(course_short_description, '') as short_description,
  course_type
from source_rows
