with blocks as (
  select * from {{ ref('int__openedx__course_blocks') }}
),

courses as (
  select * from {{ ref('stg__openedx__xml__course_metadata') }}
)

select
  blocks.deployment,
  blocks.course_id,
  courses.title as course_title,
  blocks.block_index,
  blocks.block_depth,
  blocks.block_type,
  blocks.title as block_title,
  blocks.block_id,
  blocks.usage_key,
  blocks.parent_usage_key,
  blocks.chapter_usage_key,
  blocks.chapter_title,
  blocks.starts_at,
  blocks.due_at
from blocks
left join courses
  on blocks.deployment = courses.deployment
  and blocks.course_id = courses.course_id
