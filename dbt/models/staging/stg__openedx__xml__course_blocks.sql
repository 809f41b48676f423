with source_rows as (
  {{ course_rows('blocks', [
    ['course_id', 'varchar'], ['block_id', 'varchar'], ['usage_key', 'varchar'], ['block_type', 'varchar'],
    ['block_title', 'varchar'], ['block_start', 'varchar'], ['block_due', 'varchar'],
    ['block_parent', 'varchar'], ['parent_usage_key', 'varchar'], ['block_index', 'bigint'],
    ['block_depth', 'bigint']
  ]) }}
)

select
  deployment,
  course_id,
  block_id,
  coalesce(usage_key, block_id) as usage_key,
  block_type,
  nullif(block_title, '') as title,
  {{ utc_timestamp('block_start') }} as starts_at,
  {{ utc_timestamp('block_due') }} as due_at,
  block_parent as parent_block_id,
  coalesce(parent_usage_key, block_parent) as parent_usage_key,
  block_index,
  block_depth
from source_rows
