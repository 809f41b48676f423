with source_rows as (
  {{ raw_rows('raw__edxorg__s3__xml__course_xml_blocks', [
    ['edxorg_course_id', 'varchar'], ['source_system', 'varchar'], ['course_id', 'varchar'],
    ['block_id', 'varchar'], ['block_type', 'varchar'], ['block_display_name', 'varchar'],
    ['xml_path', 'varchar'], ['edx_video_id', 'varchar'], ['duration', 'varchar'], ['max_attempts', 'varchar'],
    ['weight', 'varchar']
  ]) }}
)

select
  edxorg_course_id,
  source_system as archive_source,
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
