{{ same_number(
  "select count(*) from " ~ ref('marts__edxorg__learner_courses') ~ " where certificate_status is not null",
  "select count(*) from " ~ ref('int__edxorg__certificates') ~ " where status is not null"
) }}
