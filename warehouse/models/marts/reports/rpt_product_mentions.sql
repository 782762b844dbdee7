{{ config(tags=['reposts'], indexes=[{'columns': ['product'], 'unique': True}]) }}

with kinds as (
    select
        product,
        min(kind) as kind
    from {{ ref('product_terms') }}
    group by product
),

mentions as (
    select
        product,
        cast(sum(message_count) as bigint) as mention_count,
        cast(sum(distinct_message_count) as bigint) as distinct_mention_count,
        array_agg(distinct channel_name order by channel_name) as channels,
        sum(total_views) as total_views,
        sum(total_forwards) as total_forwards,
        sum(original_views) as original_views,
        min(first_date_key) as first_date_key,
        max(last_date_key) as last_date_key
    from {{ ref('int_mention_months') }}
    group by product
)

select
    mentions.product,
    kinds.kind,
    mentions.mention_count,
    mentions.distinct_mention_count,
    mentions.channels,
    cardinality(mentions.channels) as channel_count,
    cast(mentions.total_views as bigint) as total_views,
    cast(mentions.total_forwards as bigint) as total_forwards,
    cast(mentions.original_views as bigint) as original_views,
    {{ date_of_key('mentions.first_date_key') }} as first_mention_date,
    {{ date_of_key('mentions.last_date_key') }} as last_mention_date
from mentions
inner join kinds on mentions.product = kinds.product
