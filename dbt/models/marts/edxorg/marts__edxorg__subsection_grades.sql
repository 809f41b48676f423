-- How learners do in each graded subsection, with its place in the course where the course's structure is known.
with grades as (
  select
    course_id,
    usage_key,
    count(*) as learners,
    count(first_attempted_at) as learners_attempted,
    avg(case when possible_graded > 0 then earned_graded / possible_graded end) as average_score,
    max(possible_graded) as possible_graded,
    min(first_attempted_at) as first_attempted_at,
    max(first_attempted_at) as last_attempted_at
  from {{ ref('int__edxorg__subsection_grades') }}
  group by course_id, usage_key
),

-- A usage key names its course, so it is one block, whichever installation tells of it.
blocks as (
  select
    *,
    row_number() over (partition by usage_key order by retrieved_at desc, deployment, course_id) as place
  from {{ ref('int__openedx__published_blocks') }}
)

select
  grades.course_id,
  grades.usage_key,
  blocks.title as subsection_title,
  blocks.block_index,
  blocks.chapter_usage_key,
  blocks.chapter_title,
  blocks.due_at,
  grades.learners,
  grades.learners_attempted,
  grades.average_score,
  grades.possible_graded,
  grades.first_attempted_at,
  grades.last_attempted_at
from grades
left join blocks on grades.usage_key = blocks.usage_key and blocks.place = 1
