{{ same_number(
  "select count(*) from " ~ ref('marts__openedx__enrollment_events'),
  "select count(*) from " ~ ref('int__openedx__enrollment_events')
  ~ " where event_source = 'server' and course_id is not null"
) }}
