{{ config(meta={'written': {'by': 'fct_messages', 'column': 'extracted_at'}}) }}

select
    -- identifiers
    channel_name,
    message_id,
    text_hash,
    repost_key,

    -- text
    genre,
    extractor_version,

    -- numbers
    genre_confidence,
    offer_count,

    -- timestamps
    extracted_at
from {{ source('raw', 'message_genres') }}
