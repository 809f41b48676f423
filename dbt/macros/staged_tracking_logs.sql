{#-
  One row per distinct event of one source: a log shipper may send a line twice, in one file or in two. Rows equal in
  every logged field are one event; the latest load wins, as in the present staging models.
-#}
{% macro staged_tracking_logs(deployment, table) -%}
{%- set logged = ['username', 'event_source', 'event_type', 'name', 'session', 'host', 'agent', 'ip', 'page', 'context',
  'event', 'time_raw', 'referer', 'accept_language', 'event_kind', 'context_kind', 'extra'] -%}
with source_rows as (
  {{ raw_rows(table, [
    ['username', 'varchar'], ['event_source', 'varchar'], ['event_type', 'varchar'], ['name', 'varchar'],
    ['session', 'varchar'], ['host', 'varchar'], ['agent', 'varchar'], ['ip', 'varchar'], ['page', 'varchar'],
    ['context', 'varchar'], ['event', 'varchar'], ['time', 'varchar'], ['referer', 'varchar'],
    ['accept_language', 'varchar'], ['event_time', 'timestamp'], ['time_raw', 'varchar'], ['time_status', 'varchar'],
    ['event_kind', 'varchar'], ['context_kind', 'varchar'], ['extra', 'varchar'], ['log_date', 'date'],
    ['source_file', 'varchar'], ['source_sha256', 'varchar'], ['source_line', 'bigint'], ['run_id', 'varchar'],
    ['loaded_at', 'timestamp'], ['_airbyte_extracted_at', 'timestamp'], ['_ab_source_file_last_modified', 'timestamp']
  ]) }}
),

identified as (
  select
    *,
    {{ row_fingerprint(logged) }} as event_id
  from source_rows
),

ranked as (
  select
    *,
    row_number() over (
      partition by event_id
      order by
        _airbyte_extracted_at desc, _ab_source_file_last_modified desc, source_file desc, source_line desc
    ) as copy_number,
    count(*) over (partition by event_id) as copies
  from identified
)

select
  event_id,
  cast('{{ deployment }}' as varchar) as deployment,
  username,
  event_source,
  event_type,
  name as event_name,
  session as session_id,
  host,
  agent,
  ip,
  page,
  referer,
  accept_language,
  event,
  event_kind,
  context,
  context_kind,
  extra,
  event_time,
  cast(event_time as date) as event_date,
  time_status,
  log_date,
  source_file,
  source_sha256,
  source_line,
  copies
from ranked
where copy_number = 1
{%- endmacro %}
