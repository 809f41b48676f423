with source_rows as (
  {{ raw_rows('raw__edxorg__discovery__api__program_metadata', [
    ['uuid', 'varchar'], ['title', 'varchar'], ['subtitle', 'varchar'], ['type', 'varchar'],
    ['status', 'varchar'], ['authoring_organizations', 'varchar'], ['data_modified_timestamp', 'varchar'],
    ['retrieved_at', 'timestamp']
  ]) }}
)

select
  uuid as program_uuid,
  nullif(title, '') as title,
  nullif(subtitle, '') as subtitle,
  type as program_type,
  status,
  authoring_organizations,
  {{ utc_timestamp('data_modified_timestamp') }} as modified_at,
  retrieved_at
from source_rows
