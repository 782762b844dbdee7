{{
    config(indexes=[
        {'columns': ['message_key'], 'unique': True},
        {'columns': ['channel_key', 'message_timestamp']},
        {'columns': ['text_key'], 'type': 'hash'},
    ])
}}

with messages as (
    select
        all_messages.*,
        genres.genre,
        genres.offer_count,
        {{ report_day('all_messages.message_timestamp') }} as message_day,
        md5({{ fold_text('all_messages.message_text') }}) as text_key,
        num_nonnulls(all_messages.forwarded_from, all_messages.forwarded_from_id) > 0 as is_forward
    from {{ ref('stg_telegram__messages') }} as all_messages
    left join {{ ref('stg_offers__message_genres') }} as genres
        on all_messages.channel_name = genres.channel_name and all_messages.message_id = genres.message_id
),

-- Which message of an album stands for the whole post, and which message of equal texts came first. Ties are broken
-- by the key, so that two builds of the same data agree.
ranked as (
    select
        *,
        row_number() over (
            partition by channel_name, grouped_id, case when grouped_id is null then message_id end
            order by views desc nulls last, message_id asc
        ) as rank_in_post,
        row_number() over (
            partition by text_key
            order by message_timestamp, channel_name, message_id
        ) as rank_of_text
    from messages
)

select
    -- keys
    {{ message_key('channel_name', 'message_id') }} as message_key,
    {{ channel_key('channel_name') }} as channel_key,
    {{ date_key('message_day') }} as date_key,
    case when grouped_id is not null then {{ message_key('channel_name', 'grouped_id') }} end as album_key,
    text_key,

    -- identifiers
    channel_name,
    message_id,
    source,

    -- text
    message_text,
    char_length(message_text) as message_length,
    genre,
    offer_count,

    -- media
    has_media,
    media_type,
    image_path is not null or coalesce(media_type = 'photo', false) as has_image,
    image_path,

    -- engagement
    views,
    forwards,
    replies,
    views_exact,

    -- what kind of post it is
    is_forward,
    text_key is not null and rank_of_text > 1 as is_repost,
    not is_forward and rank_in_post = 1 as is_original_post,
    is_pinned,
    deleted_at is not null as is_deleted,

    -- timestamps
    message_timestamp,
    edit_timestamp,
    deleted_at
from ranked
