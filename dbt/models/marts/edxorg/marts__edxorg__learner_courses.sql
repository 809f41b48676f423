-- Whoever is enrolled, has a grade or a certificate, or has left events: an archive and the logs cover different times.
with learner_courses as (
  select course_id, user_id from {{ ref('int__edxorg__enrollments') }}
  union
  select course_id, user_id from {{ ref('int__edxorg__course_grades') }}
  union
  select course_id, user_id from {{ ref('int__edxorg__certificates') }}
  union
  select course_id, user_id from {{ ref('int__edxorg__learner_activity') }}
),

-- Every course that a learner is in brings the account; one that is delivered no more may bring a name of before.
accounts as (
  select id as user_id, username
  from (
    select
      id,
      username,
      row_number() over (partition by id order by loaded_at desc, archive_course_id, row_hash) as place
    from {{ ref('stg__edxorg__s3__tables__auth_user') }}
    where id is not null and username is not null
  ) as ranked
  where place = 1
)

select
  learner_courses.course_id,
  learner_courses.user_id,
  accounts.username,
  enrollments.mode as enrollment_mode,
  enrollments.is_active as is_enrolled,
  enrollments.enrolled_at,
  grades.percent_grade,
  grades.letter_grade,
  grades.passed_at,
  certificates.status as certificate_status,
  certificates.created_at as certificate_created_at,
  coalesce(activity.events, 0) as events,
  coalesce(activity.active_days, 0) as active_days,
  activity.first_event_at,
  activity.last_event_at,
  coalesce(activity.problem_attempts, 0) as problem_attempts,
  coalesce(activity.problems_attempted, 0) as problems_attempted,
  coalesce(activity.video_events, 0) as video_events
from learner_courses
left join accounts on learner_courses.user_id = accounts.user_id
left join {{ ref('int__edxorg__enrollments') }} as enrollments
  on learner_courses.course_id = enrollments.course_id and learner_courses.user_id = enrollments.user_id
left join {{ ref('int__edxorg__course_grades') }} as grades
  on learner_courses.course_id = grades.course_id and learner_courses.user_id = grades.user_id
left join {{ ref('int__edxorg__certificates') }} as certificates
  on learner_courses.course_id = certificates.course_id and learner_courses.user_id = certificates.user_id
left join {{ ref('int__edxorg__learner_activity') }} as activity
  on learner_courses.course_id = activity.course_id and learner_courses.user_id = activity.user_id
