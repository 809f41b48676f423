with blocks as (
  select * from {{ ref('stg__edxorg__s3__course_blocks') }}
),

-- What nothing leads to has the number 0 and belongs to no chapter.
placed as (
  select
    *,
    max(case when block_type = 'chapter' and block_index > 0 then block_index end) over (
      partition by edxorg_course_id, archive_source order by block_index rows unbounded preceding
    ) as chapter_index
  from blocks
)

select
  placed.edxorg_course_id,
  placed.archive_source,
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
  placed.course_title
from placed
left join blocks as chapters
  on placed.edxorg_course_id = chapters.edxorg_course_id
  and placed.archive_source = chapters.archive_source
  and placed.chapter_index = chapters.block_index
  and chapters.block_type = 'chapter'
