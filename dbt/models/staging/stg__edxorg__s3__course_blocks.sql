with source_rows as (
  {{ raw_rows('raw__edxorg__s3__course_blocks', [
    ['course_id', 'varchar'], ['source_system', 'varchar'], ['block_id', 'varchar'], ['block_type', 'varchar'],
    ['block_title', 'varchar'], ['block_start', 'varchar'], ['block_due', 'varchar'],
    ['block_parent', 'varchar'], ['block_index', 'bigint'], ['block_content_hash', 'varchar'],
    ['course_title', 'varchar'], ['course_start', 'varchar'], ['course_content_hash', 'varchar']
  ]) }}
)

select
  course_id as edxorg_course_id,
  source_system as archive_source,
  block_id as usage_key,
  block_type,
  nullif(block_title, '') as title,
  {{ utc_timestamp('block_start') }} as starts_at,
  {{ utc_timestamp('block_due') }} as due_at,
  block_parent as parent_usage_key,
  block_index,
  block_content_hash,
  nullif(course_title, '') as course_title,
  {{ utc_timestamp('course_start') }} as course_starts_at,
  course_content_hash
from source_rows
