{{ same_number(
  "select count(*) from " ~ ref('marts__openedx__course_structure'),
  "select count(*) from " ~ ref('stg__openedx__xml__course_blocks')
) }}
