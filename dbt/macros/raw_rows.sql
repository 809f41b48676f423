{#-
  Rows of a raw table, whether or not a loader has made it yet: only some deployments may have landed, and a
  loader of an older version may lack a column. An absent table is an empty typed relation; an absent column, and a
  value that is not of the type, is null.

  columns: list of [name, type].
-#}
{% macro raw_rows(table, columns) -%}
  {%- set relation = source('raw', table) -%}
  {%- set existing = load_relation(relation) if execute else none -%}
  {%- set present = adapter.get_columns_in_relation(existing) | map(attribute='name') | map('lower') | list
        if existing is not none else [] -%}
  select
  {%- for name, type in columns %}
    {% if name in present %}try_cast({{ adapter.quote(name) }} as {{ type }}){% else %}cast(null as {{ type }}){% endif %} as {{ name }}
    {{- ',' if not loop.last }}
  {%- endfor %}
  {% if existing is not none %}from {{ relation }}{% else %}where false{% endif %}
{%- endmacro %}

{#-
  Rows of one entity of the courses of every deployment, told apart by `deployment`. via: `xml` for what the exports
  hold, `api` for what the LMS tells.
-#}
{% macro course_rows(entity, columns, via='xml') -%}
  {%- for deployment in var('deployments') %}
  select '{{ deployment }}' as deployment, rows_of_one.*
  from ({{ raw_rows('raw__' ~ deployment ~ '__openedx__' ~ via ~ '__course_' ~ entity, columns) }}) as rows_of_one
  {{ 'union all' if not loop.last }}
  {%- endfor %}
{%- endmacro %}
