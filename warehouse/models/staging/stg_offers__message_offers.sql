{{
    config(meta={'written': {
        'by': 'int_offers',
        'rows': '(channel_name, message_id) in (
            select channel_name, message_id from raw.message_genres where extracted_at >= {since}
        )',
    }})
}}

select
    -- identifiers
    channel_name,
    message_id,
    offer_index,

    -- the name, as written and as linked
    name,
    name_key,
    product_name,
    generic,
    brand,
    product_class,
    link_method,
    link_score,

    -- what kind of it
    strength,
    product_strength,
    form,
    product_form,
    pack,
    pack_units,

    -- the price; 650 and 650.00 are one
    trim_scale(price) as price,
    prices,
    currency,
    trim_scale(old_price) as old_price,

    -- terms
    expiry as expiry_date,
    seller,
    availability,

    -- where it stands
    span_start,
    span_end,
    confidence
from {{ source('raw', 'message_offers') }}
