with activity as (
  select * from {{ ref('int__openedx__events') }}
  where username is not null and course_id is not null and event_date is not null
)

select
  deployment,
  course_id,
  event_date as activity_date,
  count(distinct username) as active_learners,
  count(*) as events
from activity
group by deployment, course_id, event_date
