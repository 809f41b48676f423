{{ config(meta={'compare_by': ['event_id', 'deployment', 'event_time', 'log_date', 'source_file', 'source_line']}) }}
with events as (
  {%- for model in [
    'stg__mitx__openedx__tracking_logs',
    'stg__mitxonline__openedx__tracking_logs',
    'stg__xpro__openedx__tracking_logs',
    'stg__edxorg__s3__tracking_logs',
  ] %}
  select * from {{ ref(model) }}
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

parsed as (
  select
    *,
    {{ parsed_json('context') }} as context_json,
    {{ parsed_json('event') }} as event_json
  from events
),

read as (
  select
    *,
    {{ json_text('context_json', '$.course_id') }} as context_course_id,
    {{ json_text('event_json', '$.course_id') }} as event_course_id,
    {{ json_text('context_json', '$.path') }} as context_path,
    {{ json_text('context_json', '$.user_id') }} as context_user_id,
    {{ json_text('event_json', '$.user_id') }} as event_user_id,
    {{ json_text('context_json', '$.module.display_name') }} as module_name
  from parsed
)

select
  event_id,
  deployment,
  event_time,
  event_date,
  nullif(username, '') as username,
  try_cast(context_user_id as bigint) as user_id,
  try_cast(event_user_id as bigint) as subject_user_id,
  coalesce(
    context_course_id,
    event_course_id,
    {{ course_id_in('context_path') }},
    {{ course_id_in('event_type') }},
    {{ course_id_in('page') }}
  ) as course_id,
  event_source,
  event_type,
  event_name,
  session_id,
  page,
  context_path as path,
  module_name,
  -- Other payloads stay in staging, so that they are kept once.
  case
    when {{ is_video_event() }} or {{ is_problem_check() }} or {{ is_enrollment_event() }} then event
  end as payload,
  log_date,
  source_file,
  source_line
from read
