-- A database has one row for each course and learner; two archives of one course, for example of a CCX, may both hold it.
with enrollments as (
  select
    *,
    row_number() over (
      partition by course_id, user_id order by created desc, loaded_at desc, archive_course_id, row_hash
    ) as place
  from {{ ref('stg__edxorg__s3__tables__student_courseenrollment') }}
  where course_id is not null and user_id is not null
)

select course_id, user_id, archive_course_id, mode, is_active, created as enrolled_at
from enrollments
where place = 1
