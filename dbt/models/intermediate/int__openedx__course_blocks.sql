with blocks as (
  select * from {{ ref('stg__openedx__xml__course_blocks') }}
),

-- In document order the chapter of a block is the last one before it.
placed as (
  select
    *,
    max(case when block_type = 'chapter' then block_index end) over (
      partition by deployment, course_id order by block_index rows unbounded preceding
    ) as chapter_index
  from blocks
)

select
  placed.deployment,
  placed.course_id,
  placed.usage_key,
  placed.block_id,
  placed.block_type,
  placed.title,
  placed.starts_at,
  placed.due_at,
  placed.parent_usage_key,
  placed.block_index,
  placed.block_depth,
  chapters.usage_key as chapter_usage_key,
  chapters.title as chapter_title
from placed
left join blocks as chapters
  on placed.deployment = chapters.deployment
  and placed.course_id = chapters.course_id
  and placed.chapter_index = chapters.block_index
  and chapters.block_type = 'chapter'
