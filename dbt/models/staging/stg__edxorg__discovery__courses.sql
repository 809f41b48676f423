with source_rows as (
  {{ raw_rows('raw__edxorg__discovery__api__course_metadata', [
    ['course_key', 'varchar'], ['owner', 'varchar'], ['title', 'varchar'], ['short_description', 'varchar'],
    ['full_description', 'varchar'], ['level_type', 'varchar'], ['marketing_url', 'varchar'],
    ['image__url', 'varchar'], ['course_type', 'varchar'], ['subjects', 'varchar'],
    ['prerequisites_raw', 'varchar'], ['modified', 'varchar'], ['retrieved_at', 'timestamp']
  ]) }}
)

select
  course_key,
  owner as owners,
  nullif(title, '') as title,
  nullif(short_description, '') as short_description,
  full_description,
  level_type,
  marketing_url,
  image__url as image_url,
  course_type,
  subjects,
  prerequisites_raw as prerequisites,
  {{ utc_timestamp('modified') }} as modified_at,
  retrieved_at
from source_rows
