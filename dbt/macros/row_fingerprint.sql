{#-
  md5 over columns, each written with its length, so that neither a null nor a shifted border can make two
  different rows equal.
-#}
{% macro row_fingerprint(columns) %}{{ return(adapter.dispatch('row_fingerprint')(columns)) }}{% endmacro %}

{% macro duckdb__row_fingerprint(columns) -%}
  md5(concat({% for column in columns %}{{ millrace.length_prefixed(column) }}{{ ', ' if not loop.last }}{% endfor %}))
{%- endmacro %}

{% macro default__row_fingerprint(columns) -%}
  lower(to_hex(md5(to_utf8(concat({% for column in columns %}{{ millrace.length_prefixed(column) }}{{ ', ' if not loop.last }}{% endfor %})))))
{%- endmacro %}

{% macro length_prefixed(column) -%}
  coalesce(cast(length({{ column }}) as varchar) || ':' || {{ column }}, '-')
{%- endmacro %}
