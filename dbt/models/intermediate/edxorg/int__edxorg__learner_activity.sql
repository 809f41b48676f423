-- What the tracking logs say of each learner in each course.
with events as (
  select course_id, user_id, event_time, event_date
  from {{ ref('int__openedx__events') }}
  where deployment = 'edxorg' and course_id is not null and user_id is not null
),

attempts as (
  select
    course_id,
    user_id,
    count(*) as problem_attempts,
    count(distinct problem_block_id) as problems_attempted
  from {{ ref('int__openedx__problem_attempts') }}
  where deployment = 'edxorg' and course_id is not null and user_id is not null
  group by course_id, user_id
),

videos as (
  select course_id, user_id, count(*) as video_events
  from {{ ref('int__openedx__video_events') }}
  where deployment = 'edxorg' and course_id is not null and user_id is not null
  group by course_id, user_id
),

active as (
  select
    course_id,
    user_id,
    count(*) as events,
    count(distinct event_date) as active_days,
    min(event_time) as first_event_at,
    max(event_time) as last_event_at
  from events
  group by course_id, user_id
)

select
  active.course_id,
  active.user_id,
  active.events,
  active.active_days,
  active.first_event_at,
  active.last_event_at,
  coalesce(attempts.problem_attempts, 0) as problem_attempts,
  coalesce(attempts.problems_attempted, 0) as problems_attempted,
  coalesce(videos.video_events, 0) as video_events
from active
left join attempts on active.course_id = attempts.course_id and active.user_id = attempts.user_id
left join videos on active.course_id = videos.course_id and active.user_id = videos.user_id
