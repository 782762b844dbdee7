{#-
    Columns of a table that dbt makes, and how its rows are stored. A model whose `meta` has `is_stored_in_line` keeps
    long values in its rows: PostgreSQL would put what is longer than 2 KB elsewhere, where each look costs three more.
    Of a million messages, eleven thousand price lists are so looked through for a phrase in 45 ms instead of 100.
-#}
{% macro postgres__get_table_columns_and_constraints() -%}
    {{ default__get_table_columns_and_constraints() }}
    {%- if model.config.meta.get('is_stored_in_line') %} with (toast_tuple_target = 8160){% endif %}
{%- endmacro %}
