with certificates as (
  select
    *,
    row_number() over (
      partition by course_id, user_id order by modified_date desc, loaded_at desc, archive_course_id, row_hash
    ) as place
  from {{ ref('stg__edxorg__s3__tables__certificates_generatedcertificate') }}
  where course_id is not null and user_id is not null
)

select course_id, user_id, status, mode, grade, created_date as created_at
from certificates
where place = 1
