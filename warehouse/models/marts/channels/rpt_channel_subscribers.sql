{{
    config(
        indexes=[{'columns': ['subscribers_key'], 'unique': True}, {'columns': ['channel_key', 'full_date']}],
    )
}}

-- The last count of each day that knows one.
with counted as (
    select distinct on (channel_name, {{ report_day('observed_at') }})
        channel_name,
        {{ report_day('observed_at') }} as full_date,
        subscribers
    from {{ ref('stg_telegram__channels') }}
    where subscribers is not null
    order by channel_name asc, {{ report_day('observed_at') }} asc, observed_at desc
)

select
    -- keys
    md5(counted.channel_name || ':' || counted.full_date) as subscribers_key,
    channels.channel_key,

    -- what people read
    counted.channel_name,
    counted.full_date,

    -- counts
    counted.subscribers,
    counted.subscribers - lag(counted.subscribers) over (
        partition by counted.channel_name
        order by counted.full_date
    ) as subscribers_gained
from counted
inner join {{ ref('dim_channels') }} as channels on counted.channel_name = channels.channel_name
