{{ config(meta={'written': {'by': 'fct_message_engagement', 'column': 'loaded_at'}}) }}

select
    -- identifiers
    channel_name,
    message_id,
    observation_id,
    text_hash,

    -- numbers
    views,
    forwards,
    replies,

    -- booleans
    is_deleted,
    views_exact,

    -- timestamps
    edit_date as edit_timestamp,
    observed_at,
    loaded_at,

    -- nested
    reactions
from {{ source('raw', 'telegram_message_observations') }}
