-- Message ids repeat across channels. If anything joined or counted on message_id alone, the channels' totals would no
-- longer add up to the number of messages, nor would the daily report's.
with messages as (
    select count(*) as message_count
    from {{ ref('fct_messages') }}
),

channels as (
    select coalesce(sum(total_messages), 0) as message_count
    from {{ ref('dim_channels') }}
),

activity as (
    select coalesce(sum(message_count), 0) as message_count
    from {{ ref('rpt_channel_activity_daily') }}
)

select
    messages.message_count,
    channels.message_count as channel_total,
    activity.message_count as activity_total
from messages
cross join channels
cross join activity
where
    messages.message_count <> channels.message_count
    or messages.message_count <> activity.message_count
