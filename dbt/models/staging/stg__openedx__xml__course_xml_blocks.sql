with source_rows as (
  {{ course_rows('xml_blocks', [
    ['course_id', 'varchar'], ['source_system', 'varchar'], ['block_id', 'varchar'], ['block_type', 'varchar'],
    ['block_display_name', 'varchar'], ['xml_path', 'varchar'], ['edx_video_id', 'varchar'],
    ['duration', 'varchar'], ['max_attempts', 'varchar'], ['weight', 'varchar']
  ]) }}
)

select
  deployment,
  course_id,
  block_id,
  block_type,
  nullif(block_display_name, '') as title,
  xml_path,
  edx_video_id,
  {{ number_or_null('duration') }} as duration_seconds,
  try_cast(max_attempts as bigint) as max_attempts,
  {{ number_or_null('weight') }} as weight
from source_rows
