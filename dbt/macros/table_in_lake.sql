{#-
  `table` for Iceberg behind a REST catalogue, in place of the adapter's own, which renames a table that it made in
  the same transaction: the catalogue cannot do that.

  - No table yet: create it.
  - Same columns: delete the rows that are no longer right and insert those that are new, in one commit, so readers
    never see an empty table. A full delete would leave every old data file behind a delete file for good (measured:
    8 rebuilds of 1,000 rows = 9 data files, 8,000 position deletes, all opened by every read); no change = no commit.
  - Changed columns: build beside and swap by name; where the catalogue renames no table (Glue), drop and create, so
    that readers miss the table for the length of one write.
-#}
{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set beside = target_relation.incorporate(path={'identifier': this.identifier ~ '__new'}) -%}
  {%- set previous = target_relation.incorporate(path={'identifier': this.identifier ~ '__old'}) -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}

  {% set rows = 'result_of_' ~ this.identifier %}
  {% call statement('result') -%}
    create or replace temp table {{ rows }} as {{ compiled_code }}
  {%- endcall %}
  {% do adapter.commit() %}
  {% set columns = millrace.iceberg_columns(rows) %}

  {% if existing is none %}
    {% do millrace.drop_left_over(previous) %}
    {% do millrace.write_new_table(target_relation, rows) %}
  {% elif millrace.columns_of(existing) == columns %}
    {% do millrace.write_changed_rows(target_relation, rows, columns) %}
  {% elif env_var('MILLRACE_LAKE_TABLES_AT', '') %}
    {% do millrace.alone('drop table ' ~ existing) %}
    {% do millrace.write_new_table(target_relation, rows) %}
  {% else %}
    {% do millrace.drop_left_over(beside) %}
    {% do millrace.drop_left_over(previous) %}
    {% do millrace.write_new_table(beside, rows) %}
    {% do millrace.alone('alter table ' ~ existing ~ ' rename to ' ~ adapter.quote(previous.identifier)) %}
    {% do millrace.alone('alter table ' ~ beside ~ ' rename to ' ~ adapter.quote(this.identifier)) %}
    {% do millrace.alone('drop table ' ~ previous) %}
  {% endif %}

  {% set counted = run_query('select count(*) from ' ~ rows) %}
  {% call noop_statement('main', 'OK', 'OK', counted.columns[0].values()[0]) -%}
    {{ compiled_code }}
  {%- endcall %}
  {% do run_query('drop table ' ~ rows) %}
  {% do adapter.commit() %}

  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- One statement in a transaction of its own: the catalogue takes renames and drops only so. -#}
{% macro alone(sql) %}
  {% call statement(auto_begin=True) %}{{ sql }}{% endcall %}
  {% do adapter.commit() %}
{% endmacro %}

{#- Left by a run that was killed in the middle of a swap. -#}
{% macro drop_left_over(relation) %}
  {% do millrace.alone('drop table if exists ' ~ relation) %}
{% endmacro %}

{% macro write_new_table(relation, rows) %}
  {% set tables_at = env_var('MILLRACE_LAKE_TABLES_AT', '') %}
  {% set place = " with ('location' = '" ~ tables_at ~ '/' ~ relation.schema ~ '/' ~ relation.identifier ~ '-'
      ~ invocation_id ~ "')" if tables_at else '' %}
  {% do millrace.alone('create table ' ~ relation ~ place ~ ' as select * from ' ~ rows) %}
{% endmacro %}

{#-
  Rows are compared as a bag: a row whose number of copies differs is deleted and inserted anew. Text that stands for
  a row is its JSON form, which keeps null and 'null' apart. A wide model may name the columns that determine the
  others (`meta.compare_by`): they are enough while the project is the one that the table was built with.
-#}
{% macro write_changed_rows(relation, rows, columns) %}
  {% set names = columns | map(attribute=0) | map('tojson') | join(', ') %}
  {% set compare_by = (config.get('meta') or {}).get('compare_by') %}
  {% set compared = compare_by | map('tojson') | join(', ')
      if compare_by and env_var('MILLRACE_DBT_SAME_PROJECT', '') == 'yes' else names %}
  {% set row_key = 'md5(cast(to_json(row(' ~ compared ~ ')) as varchar))' %}
  {% set changed = rows ~ '_changed' %}
  {% call statement('changed') -%}
    create or replace temp table {{ changed }} as
    select row_key, bool_or(old_copies > 0) as stored
    from (
      select {{ row_key }} as row_key, 0 as old_copies, 1 as new_copies from {{ rows }}
      union all
      select {{ row_key }} as row_key, 1 as old_copies, 0 as new_copies from {{ relation }}
    ) as copies
    group by row_key
    having sum(old_copies) <> sum(new_copies)
  {%- endcall %}
  {% do adapter.commit() %}
  {% set counts = run_query('select count(*), count(*) filter (where stored) from ' ~ changed) %}
  {% do adapter.commit() %}
  {% if counts.columns[0].values()[0] > 0 %}
    {% call statement('write', auto_begin=True) -%}
      {% if counts.columns[1].values()[0] > 0 -%}
        delete from {{ relation }} where {{ row_key }} in (select row_key from {{ changed }} where stored);
      {%- endif %}
      insert into {{ relation }} ({{ names }})
      select {{ names }} from {{ rows }} where {{ row_key }} in (select row_key from {{ changed }});
    {%- endcall %}
    {% do adapter.commit() %}
  {% endif %}
  {% do run_query('drop table ' ~ changed) %}
  {% do adapter.commit() %}
{% endmacro %}

{#- Name and type of each column as Iceberg keeps them. -#}
{% macro columns_of(relation) %}
  {% set described = run_query('describe ' ~ relation) %}
  {% do adapter.commit() %}
  {% set found = [] %}
  {% for row in described.rows %}{% do found.append((row[0], row[1])) %}{% endfor %}
  {{ return(found) }}
{% endmacro %}

{#- Refuses what Iceberg cannot keep (a sum of integers is a HUGEINT here) with the column's name. -#}
{% macro iceberg_columns(rows) %}
  {% set found = millrace.columns_of(rows) %}
  {% for name, type in found %}
    {% if type not in ('VARCHAR', 'BIGINT', 'INTEGER', 'DOUBLE', 'BOOLEAN', 'DATE', 'TIMESTAMP') %}
      {% do exceptions.raise_compiler_error(
        'Column ' ~ name ~ ' of ' ~ this ~ ' has the type ' ~ type ~ ', which the lake does not take: cast it.') %}
    {% endif %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}
