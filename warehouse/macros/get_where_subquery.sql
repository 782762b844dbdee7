{#-
Which rows the generic tests read: dbt asks this of each test. Large tables name in `meta` the model whose builds they
are tested by and the column that tells when a row was written (`written`; or a condition on rows written since {since}), and the pipeline tests what the last build
wrote there, not what earlier ones tested. `dbt test` tests all rows.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [] -%}
    {%- if config.get('where') -%}
        {%- do conditions.append(config.get('where')) -%}
    {%- endif -%}
    {%- if execute and not var('test_all_rows') -%}
        {%- for node in graph.nodes.values() if node.name == relation.identifier and 'written' in node.config.meta -%}
            {%- set written = node.config.meta.written -%}
            {%- set since = "(select read_before from ops.model_builds where model = '" ~ written.by ~ "')" -%}
            {%- do conditions.append((written.rows or written.column ~ ' >= {since}') | replace('{since}', since)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if conditions -%}
        (select * from {{ relation }} where {{ conditions | join(' and ') }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
