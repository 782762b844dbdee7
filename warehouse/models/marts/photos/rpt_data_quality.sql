with rejected as (
    select
        reason,
        count(*) as issue_count
    from {{ ref('stg_telegram__rejected_records') }}
    group by reason
),

repaired as (
    select count(*) as repaired_count
    from {{ ref('stg_telegram__messages') }}
    where is_repaired
),

edited as (
    select count(*) as edited_count
    from (
        select distinct
            channel_name,
            message_id
        from {{ ref('stg_telegram__message_texts') }}
    ) as messages
),

activity as (
    select
        coalesce(sum(message_count), 0) as message_count,
        coalesce(sum(deleted_message_count), 0) as deleted_count,
        coalesce(sum(message_count) filter (where full_date > {{ report_today() }}), 0) as future_count
    from {{ ref('rpt_channel_activity_daily') }}
),

genres as (
    select count(*) as read_count
    from {{ ref('stg_offers__message_genres') }}
),

channels as (
    select count(*) filter (where channel_type = 'unclassified') as unclassified_count
    from {{ ref('dim_channels') }}
),

scorecards as (
    select count(*) filter (where is_silent) as silent_count
    from {{ ref('rpt_channel_scorecard') }}
),

anomalies as (
    select count(*) filter (where is_recent) as anomaly_count
    from {{ ref('rpt_volume_anomalies') }}
),

images as (
    select
        count(*) filter (where not has_message) as without_message_count,
        count(*) filter (where image_status = 'absent') as absent_count,
        count(*) filter (where image_status = 'missing') as missing_count,
        count(*) filter (where image_status = 'unreadable') as unreadable_count
    from {{ ref('fct_images') }}
),

checks as (
    select
        checked.check_name,
        'all' as detail,
        checked.severity,
        checked.issue_count,
        checked.meaning
    from repaired
    cross join edited
    cross join activity
    cross join genres
    cross join channels
    cross join scorecards
    cross join anomalies
    cross join images
    cross join lateral (
        values
        (
            'repaired_messages', 'info', repaired.repaired_count,
            'Messages in use after a repair; raw.telegram_messages.repairs names it.'
        ),
        (
            'messages_edited', 'info', edited.edited_count,
            'Messages whose text was changed; fct_message_versions holds every text.'
        ),
        (
            'messages_deleted', 'info', activity.deleted_count,
            'Messages that were found deleted from their channel; they stay here with what was last seen.'
        ),
        (
            'messages_from_the_future', 'warn', activity.future_count,
            'Messages that are dated after today; the clock of their source runs ahead, or ours behind.'
        ),
        (
            'messages_not_read', 'warn', activity.message_count - genres.read_count,
            'Messages whose offers were not read yet; `mtw offers run` reads them.'
        ),
        (
            'unclassified_channels', 'info', channels.unclassified_count,
            'Channels without a type; add them to warehouse/seeds/channel_types.csv.'
        ),
        (
            'channels_silent', 'warn', scorecards.silent_count,
            'Channels that are silent for far longer than they use to be; rpt_channel_scorecard tells which.'
        ),
        (
            'unusual_days', 'warn', anomalies.anomaly_count,
            'Days of the last week on which a channel posted far more or less than usual; see rpt_volume_anomalies.'
        ),
        (
            'photos_without_message', 'warn', images.without_message_count,
            'Photo files whose message no lake holds; they count as photos but have no date and no views.'
        ),
        (
            'photos_absent', 'info', images.absent_count,
            'Photos that a message names but no lake holds.'
        ),
        (
            'photos_missing', 'info', images.missing_count,
            'Photos that a lake held before and that are gone now.'
        ),
        (
            'photos_unreadable', 'warn', images.unreadable_count,
            'Files named like photos that are none, such as videos and broken downloads; they have no category.'
        )
    ) as checked (check_name, severity, issue_count, meaning)
)

select
    check_name,
    detail,
    severity,
    cast(issue_count as bigint) as issue_count,
    meaning
from checks
union all
select
    'rejected_records' as check_name,
    reason as detail,
    'warn' as severity,
    issue_count,
    'Records that could not be used; each is kept whole in raw.rejected_records.' as meaning
from rejected
