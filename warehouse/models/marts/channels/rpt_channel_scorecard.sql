{{ config(tags=['reposts'], indexes=[{'columns': ['channel_key'], 'unique': True}]) }}

-- The last days of each channel, counted back from its own newest message: a channel that was read last month is not
-- silent because of that. Silence is told apart, from today.
with bounds as (
    select
        channel_key,
        max(full_date) as last_date,
        min(full_date) as first_date
    from {{ ref('rpt_channel_activity_daily') }}
    group by channel_key
),

recent_days as (
    select
        days.channel_key,
        min(least(bounds.last_date - bounds.first_date + 1, {{ var('scorecard_days') }})) as day_count,
        sum(days.message_count) as message_count,
        sum(days.original_post_count) as original_post_count,
        sum(days.repost_count) as repost_count,
        sum(days.image_message_count) as image_message_count,
        sum(days.message_count - days.original_message_count) as forward_count
    from {{ ref('rpt_channel_activity_daily') }} as days
    inner join bounds on days.channel_key = bounds.channel_key
    where days.full_date > bounds.last_date - {{ var('scorecard_days') }}
    group by days.channel_key
),

-- The longest rest between two days with messages; a rest that is over is no silence.
rests as (
    select
        channel_key,
        max(rest_days) as longest_rest_days
    from (
        select
            days.channel_key,
            days.full_date - lag(days.full_date) over (
                partition by days.channel_key
                order by days.full_date
            ) as rest_days
        from {{ ref('rpt_channel_activity_daily') }} as days
        inner join bounds on days.channel_key = bounds.channel_key
        where days.full_date > bounds.last_date - {{ var('scorecard_days') }}
    ) as gaps
    group by channel_key
),

recent_posts as (
    select
        messages.channel_key,
        avg(messages.views) as avg_views,
        percentile_cont(0.5) within group (order by messages.views) as median_views,
        sum(messages.views) as original_views,
        sum(messages.forwards) filter (where messages.views is not null) as original_forwards,
        avg(messages.views) filter (where messages.has_image) as avg_views_with_image,
        avg(messages.views) filter (where not messages.has_image) as avg_views_without_image
    from {{ ref('fct_messages') }} as messages
    inner join bounds
        on
            messages.channel_key = bounds.channel_key
            and messages.date_key > {{ date_key("bounds.last_date - " ~ var('scorecard_days')) }}
    where messages.is_original_post
    group by messages.channel_key
),

subscribers as (
    select distinct on (channel_key)
        channel_key,
        subscribers,
        case
            when count(*) over last_days > 1 then subscribers - first_value(subscribers) over last_days
        end as subscribers_gained_30_days
    from {{ ref('rpt_channel_subscribers') }}
    window
        last_days as (
            partition by channel_key
            order by full_date
            range between interval '30 days' preceding and current row
        )
    order by channel_key asc, full_date desc
)

select
    -- keys
    channels.channel_key,

    -- what people read
    channels.channel_name,
    channels.title,
    channels.channel_type,
    channels.is_sample,

    -- how much it posts
    cast(recent_days.day_count as integer) as day_count,
    cast(recent_days.message_count as bigint) as message_count,
    cast(recent_days.original_post_count as bigint) as original_post_count,
    cast(round(recent_days.original_post_count * 7.0 / recent_days.day_count, 2) as double precision)
        as posts_per_week,
    {{ share('recent_days.image_message_count', 'recent_days.message_count') }} as image_share,
    {{ share('recent_days.repost_count', 'recent_days.message_count') }} as repost_share,
    {{ share('recent_days.forward_count', 'recent_days.message_count') }} as forward_share,

    -- what it earns
    cast(round(recent_posts.avg_views, 2) as double precision) as avg_views,
    recent_posts.median_views,
    {{ per_thousand('recent_posts.original_forwards', 'recent_posts.original_views') }} as forwards_per_thousand_views,
    cast(round(recent_posts.avg_views_with_image, 2) as double precision) as avg_views_with_image,
    cast(round(recent_posts.avg_views_without_image, 2) as double precision) as avg_views_without_image,
    subscribers.subscribers,
    subscribers.subscribers_gained_30_days,

    -- how long it has been silent
    bounds.last_date as last_message_date,
    {{ report_today() }} - bounds.last_date as silent_days,
    rests.longest_rest_days,
    {{ report_today() }} - bounds.last_date
    > greatest({{ var('silent_min_days') }}, 2 * coalesce(rests.longest_rest_days, 0)) as is_silent
from bounds
inner join {{ ref('dim_channels') }} as channels on bounds.channel_key = channels.channel_key
inner join recent_days on bounds.channel_key = recent_days.channel_key
left join rests on bounds.channel_key = rests.channel_key
left join recent_posts on bounds.channel_key = recent_posts.channel_key
left join subscribers on bounds.channel_key = subscribers.channel_key
