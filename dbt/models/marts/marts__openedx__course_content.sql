with blocks as (
  select * from {{ ref('int__openedx__course_blocks') }}
)

select
  deployment,
  course_id,
  block_type,
  count(*) as blocks,
  count(distinct chapter_usage_key) as chapters,
  min(block_index) as first_block_index
from blocks
group by deployment, course_id, block_type
