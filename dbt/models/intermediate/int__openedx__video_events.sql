with events as (
  select *, {{ parsed_json('payload') }} as payload_json
  from {{ ref('int__openedx__events') }}
  where {{ is_video_event() }}
),

read as (
  select
    *,
    {{ json_text('payload_json', '$.id') }} as video_key,
    {{ json_text('payload_json', '$.currentTime') }} as position_text,
    {{ json_text('payload_json', '$.duration') }} as duration_text
  from events
)

select
  event_id,
  deployment,
  course_id,
  username,
  user_id,
  event_time,
  event_date,
  event_type,
  {{ video_action() }} as action,
  video_key,
  {{ block_name('video_key') }} as video_block_id,
  {{ number_or_null('position_text') }} as position_seconds,
  {{ number_or_null('duration_text') }} as duration_seconds
from read
