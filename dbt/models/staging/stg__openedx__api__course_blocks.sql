with source_rows as (
  {{ course_rows('blocks', [
    ['course_id', 'varchar'], ['block_id', 'varchar'], ['block_type', 'varchar'], ['block_title', 'varchar'],
    ['block_start', 'varchar'], ['block_due', 'varchar'], ['block_parent', 'varchar'], ['block_index', 'bigint'],
    ['block_details', 'varchar'], ['block_content_hash', 'varchar'], ['course_title', 'varchar'],
    ['course_start', 'varchar'], ['course_content_hash', 'varchar'], ['retrieved_at', 'timestamp']
  ], via='api') }}
)

select
  deployment,
  course_id,
  block_id as usage_key,
  block_type,
  nullif(block_title, '') as title,
  {{ utc_timestamp('block_start') }} as starts_at,
  {{ utc_timestamp('block_due') }} as due_at,
  block_parent as parent_usage_key,
  block_index,
  block_details,
  block_content_hash,
  nullif(course_title, '') as course_title,
  {{ utc_timestamp('course_start') }} as course_starts_at,
  course_content_hash,
  retrieved_at
from source_rows
