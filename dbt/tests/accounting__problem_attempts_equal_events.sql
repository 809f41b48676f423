{{ same_number(
  "select sum(attempts) from " ~ ref('marts__openedx__problem_attempts'),
  "select count(*) from " ~ ref('int__openedx__problem_attempts')
  ~ " where course_id is not null and problem_block_id is not null"
) }}
