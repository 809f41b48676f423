with source_rows as (
  {{ raw_rows('raw__edxorg__s3__xml__course_transcripts', [
    ['edxorg_course_id', 'varchar'], ['source_system', 'varchar'], ['course_id', 'varchar'],
    ['path', 'varchar'], ['edx_module_id', 'varchar'], ['format', 'varchar'], ['language', 'varchar'],
    ['text', 'varchar'], ['cues', 'bigint'], ['end_ms', 'bigint'], ['status', 'varchar'], ['detail', 'varchar'],
    ['sha256', 'varchar']
  ]) }}
)

select
  edxorg_course_id,
  source_system as archive_source,
  course_id,
  path,
  edx_module_id,
  {{ adapter.quote('format') }} as transcript_format,
  {{ adapter.quote('language') }} as language,
  {{ adapter.quote('text') }} as transcript_text,
  cues as cue_count,
  end_ms / 1000.0 as end_seconds,
  status,
  detail,
  sha256
from source_rows
