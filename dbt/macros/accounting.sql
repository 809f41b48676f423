{#-
  Nothing is lost between two layers: one row with both numbers when they differ. A single missing row is an error,
  whatever the project's threshold for odd rows is.
-#}
{% macro same_number(left_sql, right_sql, severity='error') -%}
{{ config(error_if='>0', warn_if='>0', severity=severity, tags=['accounting']) }}
select left_number, right_number
from (select ({{ left_sql }}) as left_number, ({{ right_sql }}) as right_number) as numbers
where coalesce(left_number, 0) <> coalesce(right_number, 0)
{%- endmacro %}
