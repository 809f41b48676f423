with source_rows as (
  {{ raw_rows('raw__edxorg__s3__xml__course_blocks', [
    ['edxorg_course_id', 'varchar'], ['source_system', 'varchar'], ['course_id', 'varchar'],
    ['block_id', 'varchar'], ['usage_key', 'varchar'], ['block_type', 'varchar'], ['block_title', 'varchar'],
    ['block_start', 'varchar'], ['block_due', 'varchar'], ['parent_usage_key', 'varchar'],
    ['block_index', 'bigint'], ['block_depth', 'bigint']
  ]) }}
)

select
  edxorg_course_id,
  source_system as archive_source,
  course_id,
  block_id,
  usage_key,
  block_type,
  nullif(block_title, '') as title,
  {{ utc_timestamp('block_start') }} as starts_at,
  {{ utc_timestamp('block_due') }} as due_at,
  parent_usage_key,
  block_index,
  block_depth
from source_rows
