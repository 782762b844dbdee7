{{
    config(
        meta={'made_of': 'offers'},
        indexes=[
            {'columns': ['product_name_key'], 'unique': True},
            {'columns': ['product_key']},
        ],
    )
}}

-- depends_on: {{ ref('int_offers') }}
select
    -- keys
    md5(product_key || ':' || name) as product_name_key,
    product_key,

    -- the name
    name,

    -- counts
    cast(sum(offer_count) as bigint) as offer_count,
    cast(count(distinct channel_key) as integer) as channel_count,

    -- dates
    {{ date_of_key('min(first_date_key)') }} as first_seen_date,
    {{ date_of_key('max(last_date_key)') }} as last_seen_date
from {{ ref('int_offer_name_months') }}
group by product_key, name
