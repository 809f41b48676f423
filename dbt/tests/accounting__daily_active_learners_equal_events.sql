{{ same_number(
  "select sum(events) from " ~ ref('marts__openedx__daily_active_learners'),
  "select count(*) from " ~ ref('int__openedx__events')
  ~ " where username is not null and course_id is not null and event_date is not null"
) }}
