with blocks as (
  select * from {{ ref('stg__openedx__api__course_blocks') }}
),

-- What nothing leads to has the number 0 and belongs to no chapter.
placed as (
  select
    *,
    max(case when block_type = 'chapter' and block_index > 0 then block_index end) over (
      partition by deployment, course_id order by block_index rows unbounded preceding
    ) as chapter_index
  from blocks
)

select
  placed.deployment,
  placed.course_id,
  placed.usage_key,
  placed.block_type,
  placed.title,
  placed.starts_at,
  placed.due_at,
  placed.parent_usage_key,
  placed.block_index,
  placed.block_index > 0 as is_reachable,
  chapters.usage_key as chapter_usage_key,
  chapters.title as chapter_title,
  placed.course_title,
  placed.course_starts_at,
  placed.retrieved_at
from placed
left join blocks as chapters
  on placed.deployment = chapters.deployment
  and placed.course_id = chapters.course_id
  and placed.chapter_index = chapters.block_index
  and chapters.block_type = 'chapter'
