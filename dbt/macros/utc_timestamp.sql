{#-
  Open edX writes dates as ISO 8601 text, in old exports inside quotes. Unreadable = null; so are
  words that the engine takes for instants (`infinity`, `epoch`). Zone-less = UTC.
-#}
{% macro utc_timestamp(text) %}{{ return(adapter.dispatch('utc_timestamp')(text)) }}{% endmacro %}
{% macro duckdb__utc_timestamp(text) -%}
  case when regexp_matches({{ text }}, '^[" ]*\d{4}-\d')
    then cast(try_cast(trim({{ text }}, '" ') as timestamptz) at time zone 'UTC' as timestamp) end
{%- endmacro %}
{% macro default__utc_timestamp(text) -%}
  cast(try(from_iso8601_timestamp(trim(both '"' from trim({{ text }})))) at time zone 'UTC' as timestamp(6))
{%- endmacro %}
