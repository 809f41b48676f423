with source_rows as (
  {{ raw_rows('raw__edxorg__discovery__api__course_run_metadata', [
    ['course_key', 'varchar'], ['run_key', 'varchar'], ['title', 'varchar'], ['languages', 'varchar'],
    ['start_on', 'varchar'], ['end_on', 'varchar'], ['enrollment_start', 'varchar'],
    ['enrollment_end', 'varchar'], ['pacing_type', 'varchar'], ['enrollment_type', 'varchar'],
    ['availability', 'varchar'], ['status', 'varchar'], ['is_enrollable', 'boolean'], ['seats', 'varchar'],
    ['staff', 'varchar'], ['weeks_to_complete', 'varchar'], ['min_effort', 'varchar'],
    ['max_effort', 'varchar'], ['estimated_hours', 'varchar'], ['modified', 'varchar'],
    ['retrieved_at', 'timestamp']
  ]) }}
)

select
  course_key,
  run_key as course_id,
  nullif(title, '') as title,
  languages,
  {{ utc_timestamp('start_on') }} as starts_at,
  {{ utc_timestamp('end_on') }} as ends_at,
  {{ utc_timestamp('enrollment_start') }} as enrollment_starts_at,
  {{ utc_timestamp('enrollment_end') }} as enrollment_ends_at,
  pacing_type,
  enrollment_type,
  availability,
  status,
  is_enrollable,
  seats,
  staff,
  {{ number_or_null('weeks_to_complete') }} as weeks_to_complete,
  {{ number_or_null('min_effort') }} as min_effort_hours,
  {{ number_or_null('max_effort') }} as max_effort_hours,
  {{ number_or_null('estimated_hours') }} as estimated_hours,
  {{ utc_timestamp('modified') }} as modified_at,
  retrieved_at
from source_rows
