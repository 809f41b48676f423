-- Clicks of the browser announce a change; the server's event is the change.
select
  event_id,
  deployment,
  course_id,
  user_id,
  username,
  change,
  mode,
  event_time,
  event_date
from {{ ref('int__openedx__enrollment_events') }}
where event_source = 'server' and course_id is not null
