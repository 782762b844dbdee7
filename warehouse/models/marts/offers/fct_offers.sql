{{
    config(indexes=[
        {'columns': ['offer_key'], 'unique': True},
        {'columns': ['message_key']},
        {'columns': ['product_key', 'offer_timestamp']},
        {'columns': ['channel_key', 'offer_timestamp']},
    ])
}}

with answers as (
    select
        product,
        generic,
        brand,
        product_class,
        {{ fold_words('name') }} as name_key
    from {{ ref('product_answers') }}
),

-- An answer replaces the link as a whole: an ingredient that the reviewer left empty is none, not the extractor's.
linked as (
    select
        offers.channel_name,
        offers.message_id,
        offers.offer_index,
        offers.name,
        offers.name_key,
        offers.strength,
        offers.product_strength,
        offers.form,
        offers.product_form,
        offers.pack,
        offers.pack_units,
        offers.price,
        offers.prices,
        offers.currency,
        offers.old_price,
        offers.expiry_date,
        offers.seller,
        offers.availability,
        offers.span_start,
        offers.span_end,
        offers.confidence,
        coalesce(answers.product, offers.product_name) as product_name,
        case when answers.name_key is null then offers.generic else answers.generic end as generic,
        case when answers.name_key is null then offers.brand else answers.brand end as brand,
        coalesce(answers.product_class, offers.product_class) as product_class,
        case when answers.name_key is null then offers.link_method else 'answer' end as link_method,
        case when answers.name_key is null then offers.link_score else 1 end as link_score
    from {{ ref('stg_offers__message_offers') }} as offers
    left join answers on offers.name_key = answers.name_key
),

-- Names that differ in case or punctuation are one product: a name without a link may be as its writer spelled it, and
-- an answer is as its reviewer did. Each different name is folded once, however many offers carry it. What has no
-- letter that folding keeps (Cyrillic, say) stays as it is.
product_names as (
    select
        product_name,
        bool_or(link_method <> 'none') as is_known,
        count(*) as offer_count
    from linked
    group by product_name
),

folded_names as (
    select
        product_name,
        is_known,
        offer_count,
        coalesce(nullif({{ fold_words('product_name') }}, ''), lower(product_name)) as folded_name
    from product_names
),

-- One spelling for all: one that somebody vouches for, then the most frequent.
spellings as (
    select
        product_name,
        folded_name,
        first_value(product_name) over (
            partition by folded_name
            order by is_known desc, offer_count desc, product_name asc
        ) as shown_name
    from folded_names
),

-- A line is posted again when its shop offers the same at the same price; ties are broken by the key, so that two
-- builds of the same data agree.
ranked as (
    select
        linked.*,
        spellings.shown_name,
        messages.message_key,
        messages.channel_key,
        messages.date_key,
        messages.is_forward,
        messages.is_deleted,
        messages.message_timestamp,
        {{ product_key('spellings.folded_name', 'linked.product_strength', 'linked.product_form') }} as product_key,
        messages.is_forward or messages.is_repost or row_number() over (
            partition by
                linked.channel_name,
                linked.name_key,
                linked.strength,
                linked.form,
                linked.pack,
                linked.price,
                linked.currency,
                linked.availability
            order by messages.message_timestamp, linked.message_id, linked.offer_index
        ) > 1 as is_repost
    from linked
    inner join spellings on linked.product_name = spellings.product_name
    inner join {{ ref('fct_messages') }} as messages
        on linked.channel_name = messages.channel_name and linked.message_id = messages.message_id
),

-- A price is strange only beside others, and one shop that repeats itself is not several.
usual_prices as (
    select
        product_key,
        currency,
        cast(percentile_cont(0.5) within group (order by price) as numeric) as median_price
    from ranked
    where price is not null and not is_repost
    group by product_key, currency
    having count(*) >= {{ var('price_outlier_min_offers') }}
),

judged as (
    select
        ranked.*,
        coalesce(
            ranked.price >= usual_prices.median_price * {{ var('price_outlier_factor') }}
            or ranked.price * {{ var('price_outlier_factor') }} <= usual_prices.median_price,
            false
        ) as is_price_outlier
    from ranked
    left join usual_prices
        on ranked.product_key = usual_prices.product_key and ranked.currency = usual_prices.currency
)

select
    -- keys
    {{ offer_key('channel_name', 'message_id', 'offer_index') }} as offer_key,
    message_key,
    product_key,
    channel_key,
    date_key,

    -- identifiers
    channel_name,
    message_id,
    offer_index,

    -- the product, as written and as linked
    name,
    name_key,
    link_method,
    cast(link_score as real) as link_score,
    shown_name as product_name,
    product_class,
    generic,
    brand,
    strength,
    product_strength,
    form,
    product_form,
    pack,
    pack_units,

    -- the price
    price,
    prices,
    currency,
    case when pack_units > 0 then round(price / pack_units, 4) end as price_per_unit,
    old_price,

    -- terms
    expiry_date,
    seller,
    availability,

    -- where it stands
    confidence,
    span_start,
    span_end,

    -- what kind of line it is
    is_forward,
    is_repost,
    is_deleted,
    is_price_outlier,
    price is not null and availability <> 'stock_out' and not is_price_outlier as is_price_counted,

    -- timestamps
    message_timestamp as offer_timestamp
from judged
