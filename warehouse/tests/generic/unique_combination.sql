{#-
One row per combination of these columns, none of them null but those named nullable, whose nulls are values like
others. `unique` of dbt itself takes a single column.
-#}
{% test unique_combination(model, columns, nullable=[]) %}
{%- set list = columns | join(', ') %}
select {{ list }}, count(*) as row_count
from {{ model }}
group by {{ list }}
having count(*) > 1 or num_nulls({{ columns | reject('in', nullable) | join(', ') }}) > 0
{% endtest %}
