{#-
What the incremental models share.

Each reads what its sources got since its own last build, by the time at which rows were written, never by the date of a
message: views, edits and photos of old messages arrive late. ops.model_builds holds that moment for each model. It is
written in the transaction that fills the model, and is the start of that transaction. Loaders are kept out meanwhile by
their own locks (begin_model), so no row can bear an earlier time and appear later.

A hook's conditions also hold where dbt only parses (`not execute`), so that it learns what the hook reads.
-#}

{#- The locks of the extraction and of the loaders of messages and of detections, in the order in which they take them. -#}
{% macro begin_model() -%}
    set local work_mem = '64MB';
    set local synchronous_commit = off;
    select pg_advisory_xact_lock_shared(7240115006);
    select pg_advisory_xact_lock_shared(7240115003);
    select pg_advisory_xact_lock_shared(7240115005)
{%- endmacro %}

{#-
The moment up to which this model has read, as a literal: the planner knows how many rows are newer only of a literal.
-#}
{% macro read_up_to() -%}
    {%- set moment = '-infinity' -%}
    {%- if execute -%}
        {%- set query -%}
            select cast(read_up_to as text) from ops.model_builds where model = '{{ this.identifier }}'
        {%- endset -%}
        {%- set rows = run_query(query).rows -%}
        {%- if rows -%}
            {%- set moment = rows[0][0] -%}
        {%- endif -%}
    {%- endif -%}
    cast('{{ moment }}' as timestamptz)
{%- endmacro %}

{#- Run after every model; those that are always made anew have nothing to remember. -#}
{% macro remember_build() -%}
    {%- if model.config.materialized == 'incremental' or 'made_of' in model.config.meta -%}
    {{ remember_signature(own_signature() if 'made_of' in model.config.meta else seeds_signature()) }};
    {{ analyze_once() }}
    {%- endif -%}
{%- endmacro %}

{#-
Statistics of a table that was built whole just now. Without them the next build plans for a table of unknown contents;
later changes are left to autovacuum.
-#}
{% macro analyze_once() -%}
    do $$ begin
        if not exists (
            select from pg_stats where schemaname = '{{ this.schema }}' and tablename = '{{ this.identifier }}'
        ) then
            analyze {{ this }};
        end if;
    end $$
{%- endmacro %}

{#- A hash of the seeds that the model names in its meta: another one, and whatever was made of them is made anew. -#}
{% macro seeds_signature() -%}
    {%- set seeds = model.config.meta.get('seeds', []) -%}
    {%- for seed in seeds -%}{%- do ref(seed) -%}{%- endfor -%}
    {%- if execute and seeds -%}
        {%- set query -%}
            select md5(string_agg(line, '|' order by line))
            from (
                {%- for seed in seeds %}
                select '{{ seed }}' || cast({{ seed }} as text) as line from {{ ref(seed) }} as {{ seed }}
                {%- if not loop.last %} union all {% endif -%}
                {%- endfor %}
            ) as lines
        {%- endset -%}
        {{- run_query(query).rows[0][0] or '' -}}
    {%- endif -%}
{%- endmacro %}

{#- Whether the model is built anew as a whole: by order, for the first time, or because its seeds have changed. -#}
{% macro is_built_whole() -%}
    {%- if not is_incremental() -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set seeds = model.config.meta.get('seeds', []) -%}
    {%- if not execute or not seeds -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(stored_signature() != seeds_signature()) }}
{%- endmacro %}

{#-
Summaries are kept by channel and month, or day: a changed message changes those of its own, whatever the history's
length. This is their list since a moment: of messages that changed in any way, of texts that were read anew (whose
offers may be gone), and of messages that moved to another date.
-#}
{% macro changed_periods(since, period, offers=false, messages=true) -%}
    {%- set key = {
        'day': 'changed.date_key',
        'week': week_key('changed.date_key'),
        'month': month_key('changed.date_key'),
    }[period] -%}
    select distinct
        changed.channel_key,
        {{ key }} as {{ period }}_key
    from (
        {%- if messages %}
        select
            channel_key,
            date_key
        from {{ ref('fct_messages') }}
        where updated_at >= {{ since }}
        union all
        {%- endif %}
        {%- if offers %}
        select
            channel_key,
            date_key
        from {{ ref('int_offers') }}
        where updated_at >= {{ since }}
        union all
        select
            messages.channel_key,
            messages.date_key
        from {{ ref('stg_offers__message_genres') }} as genres
        inner join {{ ref('fct_messages') }} as messages
            on {{ message_key('genres.channel_name', 'genres.message_id') }} = messages.message_key
        where genres.extracted_at >= {{ since }}
        union all
        {%- endif %}
        select
            {{ channel_key('channel_name') }} as channel_key,
            {{ date_key(report_day('former_timestamp')) }} as date_key
        from {{ ref('stg_telegram__moved_messages') }}
        where moved_at >= {{ since }}
    ) as changed
{%- endmacro %}

{#-
Run before such a summary is added to: lists these periods, and deletes what the summary holds of them. Where the seeds
have changed everything is made anew.
-#}
{% macro list_changed_periods(period, offers=false, messages=true) -%}
    {%- if not execute or is_incremental() %}
    {{ list_rows('changed_periods') }}
    {{ changed_periods(read_up_to(), period, offers, messages) }};
    {{ list_changed_days(period) }}
    {%- if is_built_whole() %}
    delete from {{ this }}
    {%- else %}
    delete from {{ this }} as stored
    using changed_periods
    where
        stored.channel_key = changed_periods.channel_key
        and stored.{{ 'date' if period == 'day' else period }}_key = changed_periods.{{ period }}_key
    {%- endif %}
    {%- endif %}
{%- endmacro %}

{#-
The days of these periods, each by itself: of "between the first and the last" the planner would expect ten times too
many rows, and read the whole table. Months have 31 here; a day that there is not has no rows.
-#}
{% macro list_changed_days(period) -%}
    analyze changed_periods;
    {{ list_rows('changed_days') }}
    select
        channel_key,
        {%- if period == 'day' %}
        day_key as date_key
        {%- elif period == 'week' %}
        {{ date_key(date_of_key('week_key') ~ ' + number') }} as date_key
        {%- else %}
        month_key + number as date_key
        {%- endif %}
    from changed_periods
    {%- if period != 'day' %}
    cross join generate_series(0, {{ 6 if period == 'week' else 30 }}) as numbers (number)
    {%- endif %};
    analyze changed_days;
{%- endmacro %}

{#- Which rows of a source belong to these periods: the end of its FROM clause. -#}
{% macro of_changed_days(source) -%}
    {%- if not is_built_whole() %}
    inner join changed_days
        on {{ source }}.channel_key = changed_days.channel_key and {{ source }}.date_key = changed_days.date_key
    {%- endif %}
{%- endmacro %}

{#- A table for the rest of the transaction; a query follows. -#}
{% macro list_rows(name) -%}
    create temporary table {{ name }} on commit drop as
{%- endmacro %}

{#- Run before terms of messages are added: those of changed texts, or all where a list of terms has changed. -#}
{% macro delete_changed_texts() -%}
    {%- if is_incremental() and is_built_whole() %}
    delete from {{ this }}
    {%- elif not execute or is_incremental() %}
    delete from {{ this }} as stored
    using {{ ref('rpt_message_search') }} as texts
    where texts.updated_at >= {{ read_up_to() }} and stored.message_key = texts.message_key
    {%- endif %}
{%- endmacro %}

{#-
For a small table that is made anew each time but that views stand on: its rows are exchanged, not the table, which
would take its views with it until they are built again.
-#}
{% macro delete_all_rows() -%}
    {%- if is_incremental() %}
    delete from {{ this }}
    {%- endif %}
{%- endmacro %}
