{#- The price of one tablet, millilitre or piece, where the offer tells how many there are. -#}
{% macro price_per_unit(offers) -%}
    case when {{ offers }}.pack_units > 0 then round({{ offers }}.price / {{ offers }}.pack_units, 4) end
{%- endmacro %}

{#- Whether a price is so far from what is usual for its product that it is left out of summaries. -#}
{% macro is_price_outlier(offers, usual_prices) -%}
    coalesce(
        {{ offers }}.price >= {{ usual_prices }}.median_price * {{ var('price_outlier_factor') }}
        or {{ offers }}.price * {{ var('price_outlier_factor') }} <= {{ usual_prices }}.median_price,
        false
    )
{%- endmacro %}
