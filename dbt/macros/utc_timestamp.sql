{#-
  Open edX writes dates as ISO 8601 text, in old exports inside quotes. Unreadable = null. Zone-less = UTC.
-#}
{% macro utc_timestamp(text) %}{{ return(adapter.dispatch('utc_timestamp')(text)) }}{% endmacro %}
{% macro duckdb__utc_timestamp(text) -%}
  cast(try_cast(trim({{ text }}, '" ') as timestamptz) at time zone 'UTC' as timestamp)
{%- endmacro %}
{% macro default__utc_timestamp(text) -%}
  cast(try(from_iso8601_timestamp(trim(both '"' from trim({{ text }})))) at time zone 'UTC' as timestamp(6))
{%- endmacro %}
