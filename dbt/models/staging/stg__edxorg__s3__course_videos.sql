with source_rows as (
  {{ raw_rows('raw__edxorg__s3__xml__course_video', [
    ['edxorg_course_id', 'varchar'], ['source_system', 'varchar'], ['course_id', 'varchar'],
    ['video_block_id', 'varchar'], ['edx_video_id', 'varchar'], ['duration', 'varchar']
  ]) }}
)

select
  edxorg_course_id,
  source_system as archive_source,
  course_id,
  video_block_id,
  nullif(edx_video_id, '') as edx_video_id,
  {{ number_or_null('duration') }} as duration_seconds
from source_rows
