{#- A timestamp on the shops' clocks. -#}
{% macro report_time(timestamp_column) -%}
    ({{ timestamp_column }} at time zone '{{ env_var("REPORT_TIMEZONE", "Africa/Addis_Ababa") }}')
{%- endmacro %}

{#- Its day there: a post at 22:00 UTC belongs to the next day in Addis Ababa. -#}
{% macro report_day(timestamp_column) -%}
    cast({{ report_time(timestamp_column) }} as date)
{%- endmacro %}

{#- Today on the same clocks. A macro of its own, so that unit tests can stop the clock. -#}
{% macro report_today() -%}
    {{ report_day('current_timestamp') }}
{%- endmacro %}

{#-
The newest day of the warehouse, of which lists of its last days are counted back: two builds of the same data agree. A
clock that runs ahead must not end everybody's day.
-#}
{% macro newest_day() -%}
    select max(full_date) as last_date
    from {{ ref('rpt_channel_activity_daily') }}
    where full_date <= {{ report_today() }}
{%- endmacro %}

{#- A day as a sortable number, and back. -#}
{% macro date_key(date_expression) -%}
    cast(to_char({{ date_expression }}, 'YYYYMMDD') as integer)
{%- endmacro %}

{% macro date_of_key(date_key_expression) -%}
    to_date(cast({{ date_key_expression }} as text), 'YYYYMMDD')
{%- endmacro %}

{#- The first day of its month and the Monday of its week, as such numbers; and that Monday as a date. -#}
{% macro month_key(date_key_expression) -%}
    {{ date_key_expression }} / 100 * 100 + 1
{%- endmacro %}

{% macro week_start(date_expression) -%}
    cast(date_trunc('week', {{ date_expression }}) as date)
{%- endmacro %}

{% macro week_key(date_key_expression) -%}
    {{ date_key(week_start(date_of_key(date_key_expression))) }}
{%- endmacro %}
