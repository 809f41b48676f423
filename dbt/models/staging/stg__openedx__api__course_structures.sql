with source_rows as (
  {{ course_rows('structure', [
    ['course_id', 'varchar'], ['content_hash', 'varchar'], ['course_structure', 'varchar'],
    ['course_structure_flattened', 'varchar'], ['retrieved_at', 'timestamp']
  ], via='api') }}
)

select
  deployment,
  course_id,
  content_hash,
  course_structure,
  course_structure_flattened,
  retrieved_at
from source_rows
