with grades as (
  select
    *,
    row_number() over (
      partition by course_id, user_id, usage_key order by modified desc, loaded_at desc, archive_course_id, row_hash
    ) as place
  from {{ ref('stg__edxorg__s3__tables__grades_persistentsubsectiongrade') }}
  where course_id is not null and user_id is not null and usage_key is not null
)

select
  course_id,
  user_id,
  usage_key,
  earned_all,
  possible_all,
  earned_graded,
  possible_graded,
  first_attempted as first_attempted_at,
  modified as graded_at
from grades
where place = 1
