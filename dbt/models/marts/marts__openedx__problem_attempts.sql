with attempts as (
  select * from {{ ref('int__openedx__problem_attempts') }}
  where course_id is not null and problem_block_id is not null
)

select
  deployment,
  course_id,
  problem_block_id,
  max(problem_name) as problem_name,
  count(distinct username) as learners,
  count(distinct case when result = 'correct' then username end) as learners_correct,
  count(*) as attempts,
  count(case when result = 'correct' then 1 end) as correct_attempts,
  count(case when result = 'incorrect' then 1 end) as incorrect_attempts,
  avg(case when max_grade > 0 then grade / max_grade end) as average_score,
  max(attempt_number) as most_attempts,
  min(event_time) as first_attempt_at,
  max(event_time) as last_attempt_at
from attempts
group by deployment, course_id, problem_block_id
