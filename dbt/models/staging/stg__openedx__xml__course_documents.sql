with source_rows as (
  {{ course_rows('documents', [
    ['course_id', 'varchar'], ['path', 'varchar'], ['edx_module_id', 'varchar'], ['file_extension', 'varchar'],
    ['content_type', 'varchar'], ['title', 'varchar'], ['text', 'varchar'], ['status', 'varchar'],
    ['detail', 'varchar'], ['sha256', 'varchar']
  ]) }}
)

select
  deployment,
  course_id,
  path,
  edx_module_id,
  file_extension,
  content_type,
  title,
  {{ adapter.quote('text') }} as document_text,
  status,
  detail,
  sha256
from source_rows
