with content as (
  select
    deployment,
    course_id,
    cast(sum(blocks) as bigint) as blocks,
    cast(sum(case when block_type = 'chapter' then blocks else 0 end) as bigint) as chapters,
    cast(sum(case when block_type = 'sequential' then blocks else 0 end) as bigint) as sequentials,
    cast(sum(case when block_type = 'vertical' then blocks else 0 end) as bigint) as verticals,
    cast(sum(case when block_type = 'html' then blocks else 0 end) as bigint) as html_blocks,
    cast(sum(case when block_type = 'problem' then blocks else 0 end) as bigint) as problems,
    cast(sum(case when block_type = 'video' then blocks else 0 end) as bigint) as videos
  from {{ ref('marts__openedx__course_content') }}
  group by deployment, course_id
),

activity as (
  select
    deployment,
    course_id,
    cast(sum(events) as bigint) as events,
    min(activity_date) as first_active_date,
    max(activity_date) as last_active_date,
    max(active_learners) as most_learners_a_day
  from {{ ref('marts__openedx__daily_active_learners') }}
  group by deployment, course_id
),

enrollments as (
  select
    deployment,
    course_id,
    count(case when change = 'activated' then 1 end) as activations,
    count(case when change = 'deactivated' then 1 end) as deactivations
  from {{ ref('marts__openedx__enrollment_events') }}
  group by deployment, course_id
),

videos as (
  select deployment, course_id, cast(sum(plays) as bigint) as video_plays
  from {{ ref('marts__openedx__video_engagement') }}
  group by deployment, course_id
),

problems as (
  select deployment, course_id, cast(sum(attempts) as bigint) as problem_attempts
  from {{ ref('marts__openedx__problem_attempts') }}
  group by deployment, course_id
),

courses as (
  select deployment, course_id from {{ ref('stg__openedx__xml__course_metadata') }}
  union
  select deployment, course_id from content
  union
  select deployment, course_id from activity
  union
  select deployment, course_id from enrollments
)

select
  courses.deployment,
  courses.course_id,
  metadata.title as course_title,
  metadata.institution,
  metadata.starts_at,
  metadata.ends_at,
  metadata.is_self_paced,
  coalesce(content.blocks, 0) as blocks,
  coalesce(content.chapters, 0) as chapters,
  coalesce(content.sequentials, 0) as sequentials,
  coalesce(content.verticals, 0) as verticals,
  coalesce(content.html_blocks, 0) as html_blocks,
  coalesce(content.problems, 0) as problems,
  coalesce(content.videos, 0) as videos,
  coalesce(activity.events, 0) as events,
  activity.first_active_date,
  activity.last_active_date,
  coalesce(activity.most_learners_a_day, 0) as most_learners_a_day,
  coalesce(enrollments.activations, 0) as activations,
  coalesce(enrollments.deactivations, 0) as deactivations,
  coalesce(videos.video_plays, 0) as video_plays,
  coalesce(problems.problem_attempts, 0) as problem_attempts
from courses
left join {{ ref('stg__openedx__xml__course_metadata') }} as metadata
  on courses.deployment = metadata.deployment and courses.course_id = metadata.course_id
left join content on courses.deployment = content.deployment and courses.course_id = content.course_id
left join activity on courses.deployment = activity.deployment and courses.course_id = activity.course_id
left join enrollments on courses.deployment = enrollments.deployment and courses.course_id = enrollments.course_id
left join videos on courses.deployment = videos.deployment and courses.course_id = videos.course_id
left join problems on courses.deployment = problems.deployment and courses.course_id = problems.course_id
