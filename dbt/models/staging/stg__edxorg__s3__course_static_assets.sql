with source_rows as (
  {{ raw_rows('raw__edxorg__s3__xml__course_static_assets', [
    ['edxorg_course_id', 'varchar'], ['source_system', 'varchar'], ['course_id', 'varchar'],
    ['path', 'varchar'], ['mime_type', 'varchar'], ['size_bytes', 'bigint'], ['sha256', 'varchar']
  ]) }}
)

select
  edxorg_course_id,
  source_system as archive_source,
  course_id,
  path,
  mime_type,
  size_bytes,
  sha256
from source_rows
