{#- A course key inside a path or URL: `course-v1:org+number+run`, or the old form under `/courses/org/number/run/`. -#}
{% macro course_id_in(text) %}{{ return(adapter.dispatch('course_id_in')(text)) }}{% endmacro %}
{% macro duckdb__course_id_in(text) -%}
  coalesce(
    nullif(regexp_extract({{ text }}, 'course-v1:[^/+?#&\s]+\+[^/+?#&\s]+\+[^/+?#&\s\]]+'), ''),
    nullif(regexp_extract({{ text }}, '/courses/([^/:+?#\s]+/[^/:+?#\s]+/[^/:+?#\s]+)/', 1), '')
  )
{%- endmacro %}
{% macro default__course_id_in(text) -%}
  coalesce(
    regexp_extract({{ text }}, 'course-v1:[^/+?#&\s]+\+[^/+?#&\s]+\+[^/+?#&\s\]]+'),
    regexp_extract({{ text }}, '/courses/([^/:+?#\s]+/[^/:+?#\s]+/[^/:+?#\s]+)/', 1)
  )
{%- endmacro %}
