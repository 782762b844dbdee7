{{ config(meta={'written': {'by': 'fct_messages', 'column': 'loaded_at'}}) }}

select
    -- identifiers
    channel_name,
    message_id,
    reply_to_message_id,
    grouped_id,
    forwarded_from_id,
    forwarded_from_message_id,
    observation_id,

    -- text
    message_text,
    forwarded_from,
    post_author,
    media_type,
    image_path,
    source,

    -- numbers
    views,
    forwards,
    replies,

    -- booleans
    has_media,
    is_pinned,
    views_exact,
    repairs is not null as is_repaired,

    -- timestamps
    message_date as message_timestamp,
    edit_date as edit_timestamp,
    deleted_at,
    observed_at,
    loaded_at,

    -- nested
    reactions,
    to_jsonb(repairs) as repairs
from {{ source('raw', 'telegram_messages') }}
