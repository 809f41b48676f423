with events as (
  select * from {{ ref('int__openedx__video_events') }}
  where course_id is not null and video_block_id is not null
),

engagement as (
  select
    deployment,
    course_id,
    video_block_id,
    count(distinct username) as learners,
    count(*) as events,
    count(case when action = 'load' then 1 end) as loads,
    count(case when action = 'play' then 1 end) as plays,
    count(case when action = 'pause' then 1 end) as pauses,
    count(case when action = 'seek' then 1 end) as seeks,
    count(case when action = 'stop' then 1 end) as stops,
    count(case when action = 'complete' then 1 end) as completions,
    max(position_seconds) as furthest_position_seconds,
    max(duration_seconds) as logged_duration_seconds,
    min(event_time) as first_event_at,
    max(event_time) as last_event_at
  from events
  group by deployment, course_id, video_block_id
),

videos as (
  select
    deployment,
    course_id,
    video_block_id,
    max(edx_video_id) as edx_video_id,
    max(duration_seconds) as duration_seconds
  from {{ ref('stg__openedx__xml__course_videos') }}
  where video_block_id is not null
  group by deployment, course_id, video_block_id
),

blocks as (
  select
    deployment,
    course_id,
    block_id,
    max(title) as title,
    max(chapter_title) as chapter_title
  from {{ ref('int__openedx__course_blocks') }}
  where block_type = 'video'
  group by deployment, course_id, block_id
)

select
  engagement.deployment,
  engagement.course_id,
  engagement.video_block_id,
  videos.edx_video_id,
  blocks.title as video_title,
  blocks.chapter_title,
  engagement.learners,
  engagement.events,
  engagement.loads,
  engagement.plays,
  engagement.pauses,
  engagement.seeks,
  engagement.stops,
  engagement.completions,
  engagement.furthest_position_seconds,
  -- An export says 0.0 for a video that was never encoded.
  coalesce(nullif(videos.duration_seconds, 0), engagement.logged_duration_seconds) as duration_seconds,
  engagement.first_event_at,
  engagement.last_event_at
from engagement
left join videos
  on engagement.deployment = videos.deployment
  and engagement.course_id = videos.course_id
  and engagement.video_block_id = videos.video_block_id
left join blocks
  on engagement.deployment = blocks.deployment
  and engagement.course_id = blocks.course_id
  and engagement.video_block_id = blocks.block_id
