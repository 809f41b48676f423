with source_rows as (
  {{ raw_rows('raw__edxorg__s3__course_structure', [
    ['course_id', 'varchar'], ['source_system', 'varchar'], ['content_hash', 'varchar'],
    ['course_structure', 'varchar'], ['course_structure_flattened', 'varchar'], ['retrieved_at', 'timestamp']
  ]) }}
)

select
  course_id as edxorg_course_id,
  source_system as archive_source,
  content_hash,
  course_structure,
  course_structure_flattened,
  retrieved_at
from source_rows
