with source_rows as (
  {{ course_rows('video', [
    ['course_id', 'varchar'], ['video_block_id', 'varchar'], ['edx_video_id', 'varchar'],
    ['duration', 'varchar']
  ]) }}
)

select
  deployment,
  course_id,
  video_block_id,
  nullif(edx_video_id, '') as edx_video_id,
  {{ number_or_null('duration') }} as duration_seconds
from source_rows
