{#-
The median of values that stand with their counts, as percentile_cont(0.5) of each value that often: the CTE
medians_of_<counted>, with the groups' columns, `median` and `value_count`. Of an even number, the mean of the middle two.
-#}
{% macro medians(counted, groups, value, count) -%}
ranked_{{ counted }} as (
    select
        *,
        sum({{ count }}) over (partition by {{ groups | join(', ') }}) as value_count,
        sum({{ count }}) over (partition by {{ groups | join(', ') }} order by {{ value }}) as rank_of_last
    from {{ counted }}
),

medians_of_{{ counted }} as (
    select
        {{ groups | join(', ') }},
        trim_scale((
            min({{ value }}) filter (where rank_of_last >= div(value_count + 1, 2))
            + min({{ value }}) filter (where rank_of_last >= div(value_count, 2) + 1)
        ) / 2) as median,
        cast(max(value_count) as bigint) as value_count
    from ranked_{{ counted }}
    group by {{ groups | join(', ') }}
)
{%- endmacro %}
