{{
    config(
        indexes=[{'columns': ['anomaly_key'], 'unique': True}, {'columns': ['channel_key', 'full_date']}],
    )
}}

-- Each channel against its own past: the median of the same weekday in the weeks before, because shops rest on Sundays.
-- Messages come in bursts, so what is usual may vary by its own square root and a little more; see dbt_project.yml.
-- The newest day of the warehouse is still going on, and is left out.
with bounds as (
    select
        channel_key,
        channel_name,
        min(full_date) as first_date
    from {{ ref('rpt_channel_activity_daily') }}
    group by channel_key, channel_name
),

newest as (
    {{ newest_day() }}
),

days as (
    select
        bounds.channel_key,
        bounds.channel_name,
        cast(calendar.day as date) as full_date
    from bounds
    cross join newest
    cross join lateral generate_series(
        greatest(bounds.first_date, newest.last_date - {{ var('anomaly_days') + 7 * var('anomaly_weeks') }}),
        newest.last_date - 1,
        interval '1 day'
    ) as calendar (day)
),

counts as (
    select
        days.channel_key,
        days.channel_name,
        days.full_date,
        coalesce(activity.message_count, 0) as message_count
    from days
    left join {{ ref('rpt_channel_activity_daily') }} as activity
        on days.channel_key = activity.channel_key and days.full_date = activity.full_date
),

expectations as (
    select
        today.channel_key,
        today.channel_name,
        today.full_date,
        today.message_count,
        count(*) as week_count,
        percentile_cont(0.5) within group (order by before.message_count) as expected_count
    from counts as today
    inner join counts as before
        on
            today.channel_key = before.channel_key
            and before.full_date between today.full_date - {{ 7 * var('anomaly_weeks') }} and today.full_date - 7
            and (today.full_date - before.full_date) % 7 = 0
    group by today.channel_key, today.channel_name, today.full_date, today.message_count
),

judged as (
    select
        expectations.*,
        expectations.full_date >= newest.last_date - 7 as is_recent,
        (expectations.message_count - expectations.expected_count) / sqrt(greatest(expectations.expected_count, 1))
            as deviation
    from expectations
    cross join newest
    where
        expectations.week_count >= {{ var('anomaly_weeks') }} / 2
        and expectations.full_date >= newest.last_date - {{ var('anomaly_days') }}
)

select
    -- keys
    md5(channel_name || ':' || full_date) as anomaly_key,
    channel_key,

    -- what people read
    channel_name,
    full_date,
    case when deviation > 0 then 'unusually many' else 'unusually few' end as kind,

    -- counts
    message_count,
    expected_count,
    cast(round(cast(deviation as numeric), 2) as double precision) as deviation,
    is_recent
from judged
where abs(deviation) >= {{ var('anomaly_deviation') }}
