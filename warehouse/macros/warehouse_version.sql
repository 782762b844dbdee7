{#-
For readers that keep what they read (ops.warehouse_version): that tables change from now on, and that they are others
now. Run before and after the commands that write tables; after a command that was killed the second is not, and the
tables count as changing until another one has ended.
-#}
{% macro begin_warehouse_version() -%}
    {%- if writes_tables() -%}
    update ops.warehouse_version
    set is_building = true, building_since = now()
    {%- endif -%}
{%- endmacro %}

{#- Also after models that failed: those before them are others. -#}
{% macro end_warehouse_version() -%}
    {%- if writes_tables() -%}
    update ops.warehouse_version
    set version = version + 1, built_at = now(), is_building = false, building_since = null
    {%- endif -%}
{%- endmacro %}

{#- `dbt test`, `compile` and `docs` run the same hooks. -#}
{% macro writes_tables() -%}
    {{ return(flags.WHICH in ('build', 'run', 'seed')) }}
{%- endmacro %}
