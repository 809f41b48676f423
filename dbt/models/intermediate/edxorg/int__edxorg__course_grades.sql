with grades as (
  select
    *,
    row_number() over (
      partition by course_id, user_id order by modified desc, loaded_at desc, archive_course_id, row_hash
    ) as place
  from {{ ref('stg__edxorg__s3__tables__grades_persistentcoursegrade') }}
  where course_id is not null and user_id is not null
)

select course_id, user_id, percent_grade, letter_grade, passed_timestamp as passed_at, modified as graded_at
from grades
where place = 1
