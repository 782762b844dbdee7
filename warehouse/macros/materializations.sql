{#-
How views are made: only where they are not there, or are not what they were. dbt's own way makes each anew and drops the
old one with all that stand on it: what is detected on photos, which the second step makes, would be gone from the first
step's staging views until then. And a night makes no view, which is a second less.
-#}
{% materialization view, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}
    {%- if existing is not none and existing.is_view and stored_signature() == own_signature() %}
        {{ return(unchanged(target)) }}
    {%- endif %}
    {{ run_hooks(pre_hooks) }}
    {{ drop_relation_if_exists(existing) }}
    {%- call statement('main') %} {{ get_create_view_as_sql(target, sql) }} {%- endcall %}
    {%- do apply_grants(target, config.get('grants'), should_revoke=true) %}
    {%- do persist_docs(target, model) %}
    {%- do run_query(remember_signature(own_signature())) %}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#-
A summary of offers (`made_of: offers` in its meta) is made anew in the first step, with the day's views and dates. The
second one makes it anew only where a photo showed an offer to be a copy, which is seldom.
-#}
{% materialization table, adapter='postgres' %}
    {%- if is_left_as_it_is() %}
        {{ return(unchanged(this.incorporate(type='table'))) }}
    {%- endif %}
    {{ return(dbt.materialization_table_default()) }}
{% endmaterialization %}

{#- What a materialization returns that left everything as it was; no number of rows is told. -#}
{% macro unchanged(target) -%}
    {%- do store_raw_result('main', message='unchanged', code='unchanged', rows_affected=-1) -%}
    {{ return({'relations': [target]}) }}
{%- endmacro %}

{% macro is_left_as_it_is() -%}
    {%- set views = 'model.medical_telegram_warehouse.int_product_view_months' -%}
    {%- if
        model.config.meta.get('made_of') != 'offers'
        or views in selected_resources
        or should_full_refresh()
        or load_cached_relation(this) is none
        or stored_signature() != own_signature()
    -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set query -%}
        select true from {{ ref('int_offers') }} where updated_at >= {{ read_up_to() }} limit 1
    {%- endset -%}
    {{ return(not run_query(query).rows) }}
{%- endmacro %}

{#- A hash of the model's SQL and of what the catalogue says of it. -#}
{% macro own_signature() -%}
    {{ return(local_md5(model.compiled_code ~ tojson(model.columns) ~ model.description)) }}
{%- endmacro %}

{#- What the model was built with, where it was built at all: the hash of its seeds, or a view's own. -#}
{% macro stored_signature() -%}
    {%- set query -%}
        select signature from ops.model_builds where model = '{{ this.identifier }}'
    {%- endset -%}
    {%- set rows = run_query(query).rows -%}
    {{ return(rows[0][0] if rows else none) }}
{%- endmacro %}

{% macro remember_signature(signature) -%}
    insert into ops.model_builds as stored (model, read_up_to, signature)
    values ('{{ this.identifier }}', now(), '{{ signature }}')
    on conflict (model) do update set
        read_up_to = excluded.read_up_to,
        read_before = {{ 'stored.read_up_to' if is_incremental() else "'-infinity'" }},
        signature = excluded.signature
{%- endmacro %}
