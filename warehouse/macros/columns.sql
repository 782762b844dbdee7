{#-
dbt's own version asks information_schema, which calls every array just ARRAY: no type that a unit test's rows could be
cast to, so that no model with an array could be an input of one. This one asks for the types' full names; without
precision, because dbt casts only the rows that a test expects, and a model's 10 would differ from their 10.00.
-#}
{% macro postgres__get_columns_in_relation(relation) -%}
    {%- call statement('columns_in_relation', fetch_result=True) %}
        select
            attname as column_name,
            format_type(atttypid, null) as data_type
        from pg_attribute
        where attrelid = to_regclass('{{ relation }}') and attnum > 0 and not attisdropped
        order by attnum
    {% endcall -%}
    {%- set columns = [] -%}
    {%- for row in load_result('columns_in_relation').table.rows -%}
        {%- do columns.append(api.Column(row['column_name'], row['data_type'])) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
