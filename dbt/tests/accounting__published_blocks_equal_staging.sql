{{ same_number(
  "select count(*) from " ~ ref('int__openedx__published_blocks'),
  "select count(*) from " ~ ref('stg__openedx__api__course_blocks')
) }}
