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
            {#- Where that model was never built, its sources are tested whole. -#}
            {%- set since -%}
                coalesce(
                    (
                        select case when steps.tests_all_rows then '-infinity' else builds.read_before end
                        from ops.model_builds as builds
                        cross join (select bool_or(tests_all_rows) as tests_all_rows from ops.transform_state) as steps
                        where builds.model = '{{ written.by }}'
                    ),
                    '-infinity'
                )
            {%- endset -%}
            {%- do conditions.append((written.rows or written.column ~ ' >= {since}') | replace('{since}', since)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if conditions -%}
        (select * from {{ relation }} where {{ conditions | join(' and ') }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
