select
    -- identifiers
    channel_name,
    message_id,
    text_hash,

    -- text
    message_text,

    -- timestamps
    loaded_at
from {{ source('raw', 'telegram_message_texts') }}
