with source_rows as (
  {{ course_rows('static_assets', [
    ['course_id', 'varchar'], ['path', 'varchar'], ['mime_type', 'varchar'], ['size_bytes', 'bigint'],
    ['sha256', 'varchar']
  ]) }}
)

select
  deployment,
  course_id,
  path,
  mime_type,
  size_bytes,
  sha256
from source_rows
