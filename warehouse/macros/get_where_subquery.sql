{#-
Which rows the generic tests read: dbt asks this of each test. Large tables name in `meta` the model whose builds they
are tested by, and the column that tells when a row was written (`written`; or a condition on rows written since
{since}). The pipeline tests what the last build wrote there, not what earlier ones tested. After a build that failed,
or was killed, all rows are tested once more; and by `dbt test` always.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [] -%}
    {%- if config.get('where') -%}
        {%- do conditions.append(config.get('where')) -%}
    {%- endif -%}
    {%- if execute and not var('test_all_rows') -%}
        {%- for node in graph.nodes.values() if node.name == relation.identifier and 'written' in node.config.meta -%}
            {%- set written = node.config.meta.written -%}
            {%- set condition = written.rows or written.column ~ ' >= {since}' -%}
            {%- do conditions.append(condition | replace('{since}', written_since(written.by))) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if conditions -%}
        (select * from {{ relation }} where {{ conditions | join(' and ') }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#- As a literal, for the planner (read_up_to). Where that model was never built, its sources are tested whole. -#}
{% macro written_since(model_name) -%}
    {%- set query -%}
        select cast(
            coalesce(max(case when steps.tests_all_rows then '-infinity' else builds.read_before end), '-infinity')
            as text
        )
        from ops.model_builds as builds
        cross join (select bool_or(tests_all_rows) as tests_all_rows from ops.transform_state) as steps
        where builds.model = '{{ model_name }}'
    {%- endset -%}
    cast('{{ run_query(query).rows[0][0] }}' as timestamptz)
{%- endmacro %}
