select
    -- identifiers
    channel_name,
    telegram_id,
    username,

    -- text
    title,
    description,
    telegram_type,
    source,

    -- numbers
    subscribers,

    -- booleans
    is_verified,
    is_scam,
    is_fake,

    -- timestamps
    observed_at,
    loaded_at
from {{ source('raw', 'telegram_channels') }}
