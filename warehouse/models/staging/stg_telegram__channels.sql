select
    -- identifiers
    channel_name,

    -- text
    title,
    description,
    source,

    -- numbers
    subscribers,

    -- timestamps
    observed_at,
    loaded_at
from {{ source('raw', 'telegram_channels') }}
