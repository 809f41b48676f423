{#-
  Layers are namespaces of the lake as they are named: dbt's default would prefix the profile's schema. The prefix is
  a run-time parameter, so an image that was built for one environment cannot write into another.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ env_var('MILLRACE_SCHEMA_PREFIX', '') }}{{ custom_schema_name or target.schema }}
{%- endmacro %}
