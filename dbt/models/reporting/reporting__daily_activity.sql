with activity as (
  select * from {{ ref('int__openedx__events') }}
  where event_date is not null
)

select
  deployment,
  event_date as activity_date,
  count(*) as events,
  count(distinct username) as active_learners,
  count(distinct case when username is not null then course_id end) as active_courses,
  count(case when {{ is_video_event() }} then 1 end) as video_events,
  count(case when {{ is_problem_check() }} then 1 end) as problem_attempts,
  count(case when event_type = 'edx.course.enrollment.activated' and event_source = 'server' then 1 end)
    as enrollments
from activity
group by deployment, event_date
