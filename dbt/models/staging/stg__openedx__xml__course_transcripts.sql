with source_rows as (
  {{ course_rows('transcripts', [
    ['course_id', 'varchar'], ['path', 'varchar'], ['edx_module_id', 'varchar'], ['format', 'varchar'],
    ['language', 'varchar'], ['text', 'varchar'], ['cues', 'bigint'], ['end_ms', 'bigint'], ['status', 'varchar'],
    ['detail', 'varchar'], ['sha256', 'varchar']
  ]) }}
)

select
  deployment,
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
