{{ same_number(
  "select count(*) from " ~ ref('int__openedx__events'),
  "select (select count(*) from " ~ ref('stg__mitx__openedx__tracking_logs') ~ ")"
  ~ " + (select count(*) from " ~ ref('stg__mitxonline__openedx__tracking_logs') ~ ")"
  ~ " + (select count(*) from " ~ ref('stg__xpro__openedx__tracking_logs') ~ ")"
  ~ " + (select count(*) from " ~ ref('stg__edxorg__s3__tracking_logs') ~ ")"
) }}
