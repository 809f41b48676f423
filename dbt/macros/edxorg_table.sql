{#-
  Rows of one table of edx.org that the newest archive of their course has, with the types of their columns. MySQL's nulls are
  words in these files, and what is not of its type is null. What every load changes in a row that it has seen again
  (load, object) stays in raw: here it would write each of them anew.

  columns: list of [name, type]; a column that no archive has brought yet is null.
-#}
{% macro edxorg_table(table, columns) -%}
{%- set raw_columns = [] -%}
{%- for name, type in columns -%}{%- do raw_columns.append([name, 'varchar']) -%}{%- endfor -%}
with source_rows as (
  {{ raw_rows('raw__edxorg__s3__tables__' ~ table, raw_columns + [
    ['extracted_course_key', 'varchar'], ['row_hash', 'varchar'], ['_loaded_at', 'timestamp'], ['_absent_since', 'timestamp']
  ]) }}
)

select
  extracted_course_key as archive_course_id,
  {%- for name, type in columns %}
  {{ edxorg_value(adapter.quote(name), type) }} as {{ name }},
  {%- endfor %}
  row_hash,
  _loaded_at as loaded_at
from source_rows
where _absent_since is null
{%- endmacro %}

{% macro edxorg_value(column, type) -%}
  {%- if type == 'varchar' -%}
    case when {{ column }} not in ('', 'NULL', '\N') then {{ column }} end
  {%- elif type == 'timestamp' -%}
    {#- MySQL writes a space where ISO 8601 has a T, and some engines read only that. -#}
    {{ utc_timestamp("replace(" ~ column ~ ", ' ', 'T')") }}
  {%- else -%}
    try_cast({{ column }} as {{ type }})
  {%- endif -%}
{%- endmacro %}
