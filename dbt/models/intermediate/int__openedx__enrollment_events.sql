with events as (
  select *, {{ parsed_json('payload') }} as payload_json
  from {{ ref('int__openedx__events') }}
  where {{ is_enrollment_event() }}
)

select
  event_id,
  deployment,
  course_id,
  username,
  coalesce(subject_user_id, user_id) as user_id,
  event_time,
  event_date,
  event_source,
  event_type,
  replace(substr(event_type, length('edx.course.enrollment.') + 1), '.', '_') as change,
  {{ json_text('payload_json', '$.mode') }} as mode
from events
