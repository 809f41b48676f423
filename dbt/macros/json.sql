{#- Logged JSON is whatever a browser sent: nothing here may fail on content. Unreadable = null. -#}

{% macro parsed_json(text) %}{{ return(adapter.dispatch('parsed_json')(text)) }}{% endmacro %}
{% macro default__parsed_json(text) %}try(json_parse({{ text }})){% endmacro %}
{% macro duckdb__parsed_json(text) %}try_cast({{ text }} as json){% endmacro %}

{#- The text of a scalar at a path, null when absent, null, an object, an array or empty. -#}
{% macro json_text(json, path) %}{{ return(adapter.dispatch('json_text')(json, path)) }}{% endmacro %}
{% macro default__json_text(json, path) %}nullif(json_extract_scalar({{ json }}, '{{ path }}'), ''){% endmacro %}
{% macro duckdb__json_text(json, path) -%}
  case when json_type({{ json }}, '{{ path }}') not in ('OBJECT', 'ARRAY')
    then nullif(json_extract_string({{ json }}, '{{ path }}'), '') end
{%- endmacro %}

{% macro number_or_null(text) %}{{ return(adapter.dispatch('number_or_null')(text)) }}{% endmacro %}
{% macro default__number_or_null(text) -%}
  case when is_finite(try_cast({{ text }} as double)) then try_cast({{ text }} as double) end
{%- endmacro %}
{% macro duckdb__number_or_null(text) -%}
  case when isfinite(try_cast({{ text }} as double)) then try_cast({{ text }} as double) end
{%- endmacro %}
