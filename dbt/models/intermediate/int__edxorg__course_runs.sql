-- A run that two courses have is one.
with numbered as (
  select
    *,
    row_number() over (partition by course_id order by modified_at desc, course_key) as place
  from {{ ref('stg__edxorg__discovery__course_runs') }}
),

runs as (
  select * from numbered where place = 1
),

courses as (
  select * from {{ ref('stg__edxorg__discovery__courses') }}
),

-- An export of the edge is a draft: what learners have is that of prod. Two archives may state one key.
exports as (
  select
    course_id,
    min(edxorg_course_id) as edxorg_course_id,
    min(title) as title,
    min(starts_at) as starts_at,
    min(ends_at) as ends_at
  from {{ ref('stg__edxorg__s3__course_metadata') }}
  where archive_source = 'prod'
  group by course_id
),

known as (
  select course_id from runs
  union
  select course_id from exports
)

select
  known.course_id,
  exports.edxorg_course_id,
  runs.course_key,
  coalesce(runs.title, exports.title) as title,
  courses.owners,
  coalesce(runs.starts_at, exports.starts_at) as starts_at,
  coalesce(runs.ends_at, exports.ends_at) as ends_at,
  runs.pacing_type,
  runs.availability,
  runs.is_enrollable,
  runs.course_id is not null as is_listed,
  exports.course_id is not null as has_export
from known
left join runs on known.course_id = runs.course_id
left join courses on runs.course_key = courses.course_key
left join exports on known.course_id = exports.course_id
