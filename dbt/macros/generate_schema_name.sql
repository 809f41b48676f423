{#- Layers are namespaces of the lake as they are named: dbt's default would prefix the profile's schema. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ var('schema_prefix') }}{{ custom_schema_name or target.schema }}
{%- endmacro %}
