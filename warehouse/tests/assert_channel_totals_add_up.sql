-- Message ids repeat across channels. If anything joined or counted on message_id alone, the channels' totals would no
-- longer add up to the number of messages, nor would the daily report's.
select
    messages.message_count,
    channels.message_count as channel_total,
    activity.message_count as activity_total
from (select count(*) as message_count from {{ ref('fct_messages') }}) as messages
cross join (select coalesce(sum(total_messages), 0) as message_count from {{ ref('dim_channels') }}) as channels
cross join (
    select coalesce(sum(message_count), 0) as message_count
    from {{ ref('rpt_channel_activity_daily') }}
) as activity
where
    messages.message_count <> channels.message_count
    or messages.message_count <> activity.message_count
