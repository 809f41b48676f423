{{ same_number(
  "select count(*) from " ~ ref('int__edxorg__course_blocks'),
  "select count(*) from " ~ ref('stg__edxorg__s3__course_blocks')
) }}
