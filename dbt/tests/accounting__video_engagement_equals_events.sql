{{ same_number(
  "select sum(events) from " ~ ref('marts__openedx__video_engagement'),
  "select count(*) from " ~ ref('int__openedx__video_events')
  ~ " where course_id is not null and video_block_id is not null"
) }}
