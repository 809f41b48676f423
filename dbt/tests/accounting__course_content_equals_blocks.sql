{{ same_number(
  "select sum(blocks) from " ~ ref('marts__openedx__course_content'),
  "select count(*) from " ~ ref('stg__openedx__xml__course_blocks')
) }}
