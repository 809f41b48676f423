with source_rows as (
  {{ raw_rows('raw__edxorg__s3__xml__course_signatories', [
    ['edxorg_course_id', 'varchar'], ['source_system', 'varchar'], ['course_id', 'varchar'],
    ['certificate_id', 'varchar'], ['id', 'varchar'], ['name', 'varchar'], ['title', 'varchar'],
    ['organization', 'varchar']
  ]) }}
)

select
  edxorg_course_id,
  source_system as archive_source,
  course_id,
  certificate_id,
  id as signatory_id,
  name as signatory_name,
  title as signatory_title,
  organization
from source_rows
