{#- The day of a timestamp on the shops' clocks: a post at 22:00 UTC belongs to the next day in Addis Ababa. -#}
{% macro report_day(timestamp_column) -%}
    cast({{ timestamp_column }} at time zone '{{ env_var("REPORT_TIMEZONE", "Africa/Addis_Ababa") }}' as date)
{%- endmacro %}

{#- Today on the same clocks. A macro of its own, so that unit tests can stop the clock. -#}
{% macro report_today() -%}
    {{ report_day('current_timestamp') }}
{%- endmacro %}

{#- A day as a sortable number, and back. -#}
{% macro date_key(date_expression) -%}
    cast(to_char({{ date_expression }}, 'YYYYMMDD') as integer)
{%- endmacro %}

{% macro date_of_key(date_key_expression) -%}
    to_date(cast({{ date_key_expression }} as text), 'YYYYMMDD')
{%- endmacro %}
