-- A warning only: files that land between the model's build and this test are in one number and not in the other.
{{ same_number(
  "select sum(copies) from " ~ ref('stg__mitxonline__openedx__tracking_logs'),
  "select count(*) from (" ~ raw_rows('raw__mitxonline__openedx__tracking_logs', [['source_file', 'varchar']]) ~ ") as raw_rows",
  severity='warn'
) }}
