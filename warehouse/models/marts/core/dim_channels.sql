{{ config(tags=['reposts'], indexes=[{'columns': ['channel_key'], 'unique': True}]) }}

-- From the days' counts, which come from fct_messages: the totals then reconcile with the fact table by construction,
-- also when the photo step builds this table again while new messages wait in the raw schema.
with messages as (
    select
        channel_name,
        min(full_date) as first_message_date,
        max(full_date) as last_message_date,
        cast(sum(message_count) as bigint) as total_messages,
        sum(original_views) / nullif(sum(viewed_post_count), 0) as avg_views,
        bool_and(is_sample) as is_sample
    from {{ ref('rpt_channel_activity_daily') }}
    group by channel_name
),

channels as (
    select channel_name
    from messages
    union
    select distinct channel_name
    from {{ ref('stg_yolo__image_scans') }}
),

observations as (
    select
        channel_name,
        (array_agg(title order by observed_at desc) filter (where title is not null))[1] as title,
        (array_agg(username order by observed_at desc) filter (where username is not null))[1] as username,
        (array_agg(telegram_type order by observed_at desc) filter (where telegram_type is not null))[1]
            as telegram_type,
        (array_agg(is_verified order by observed_at desc) filter (where is_verified is not null))[1] as is_verified,
        (array_agg(is_scam order by observed_at desc) filter (where is_scam is not null))[1] as is_scam,
        (array_agg(subscribers order by observed_at desc) filter (where subscribers is not null))[1] as subscribers
    from {{ ref('stg_telegram__channels') }}
    group by channel_name
),

types as (
    select
        lower(channel_name) as folded_name,
        min(channel_type) as channel_type
    from {{ ref('channel_types') }}
    group by lower(channel_name)
)

select
    {{ channel_key('channels.channel_name') }} as channel_key,
    channels.channel_name,
    coalesce(observations.title, channels.channel_name) as title,
    observations.username,
    coalesce(types.channel_type, 'unclassified') as channel_type,
    observations.telegram_type,
    observations.is_verified,
    observations.is_scam,
    coalesce(messages.is_sample, false) as is_sample,
    messages.first_message_date,
    messages.last_message_date,
    coalesce(messages.total_messages, 0) as total_messages,
    cast(round(messages.avg_views, 2) as double precision) as avg_views,
    observations.subscribers
from channels
left join messages on channels.channel_name = messages.channel_name
left join observations on channels.channel_name = observations.channel_name
left join types on lower(channels.channel_name) = types.folded_name
