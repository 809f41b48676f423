{{ same_number(
  "select count(*) from " ~ ref('marts__edxorg__learner_courses') ~ " where is_enrolled is not null",
  "select count(*) from " ~ ref('int__edxorg__enrollments') ~ " where is_active is not null"
) }}
