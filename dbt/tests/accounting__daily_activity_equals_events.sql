{{ same_number(
  "select sum(events) from " ~ ref('reporting__daily_activity'),
  "select count(*) from " ~ ref('int__openedx__events') ~ " where event_date is not null"
) }}
