with events as (
  select *, {{ parsed_json('payload') }} as payload_json
  from {{ ref('int__openedx__events') }}
  where {{ is_problem_check() }}
),

read as (
  select
    *,
    {{ json_text('payload_json', '$.problem_id') }} as problem_key,
    {{ json_text('payload_json', '$.success') }} as success,
    {{ json_text('payload_json', '$.attempts') }} as attempts_text,
    {{ json_text('payload_json', '$.grade') }} as grade_text,
    {{ json_text('payload_json', '$.max_grade') }} as max_grade_text
  from events
)

select
  event_id,
  deployment,
  course_id,
  username,
  user_id,
  event_time,
  event_date,
  problem_key,
  {{ block_name('problem_key') }} as problem_block_id,
  module_name as problem_name,
  case when success in ('correct', 'incorrect') then success else 'unknown' end as result,
  try_cast(attempts_text as bigint) as attempt_number,
  {{ number_or_null('grade_text') }} as grade,
  {{ number_or_null('max_grade_text') }} as max_grade
from read
