{#- Ratios as people read them, null where there is nothing to divide by. -#}
{% macro share(part, whole) -%}
    cast(round(cast({{ part }} as numeric) / nullif({{ whole }}, 0), 4) as double precision)
{%- endmacro %}

{% macro per_thousand(part, whole) -%}
    cast(round(1000 * cast({{ part }} as numeric) / nullif({{ whole }}, 0), 2) as double precision)
{%- endmacro %}
