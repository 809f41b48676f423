with source_rows as (
  {{ course_rows('signatories', [
    ['course_id', 'varchar'], ['certificate_id', 'varchar'], ['id', 'varchar'], ['name', 'varchar'],
    ['title', 'varchar'], ['organization', 'varchar']
  ]) }}
)

select
  deployment,
  course_id,
  certificate_id,
  id as signatory_id,
  name as signatory_name,
  title as signatory_title,
  organization
from source_rows
