{{ same_number(
  "select count(*) from " ~ ref('marts__edxorg__learner_courses') ~ " where percent_grade is not null",
  "select count(*) from " ~ ref('int__edxorg__course_grades') ~ " where percent_grade is not null"
) }}
