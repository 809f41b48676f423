with source_rows as (
  {{ raw_rows('raw__edxorg__s3__xml__course_documents', [
    ['edxorg_course_id', 'varchar'], ['source_system', 'varchar'], ['course_id', 'varchar'],
    ['path', 'varchar'], ['edx_module_id', 'varchar'], ['file_extension', 'varchar'], ['content_type', 'varchar'],
    ['title', 'varchar'], ['text', 'varchar'], ['status', 'varchar'], ['detail', 'varchar'], ['sha256', 'varchar']
  ]) }}
)

select
  edxorg_course_id,
  source_system as archive_source,
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
