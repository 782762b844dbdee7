with rejected as (
    select
        reason,
        count(*) as issue_count
    from {{ ref('stg_telegram__rejected_records') }}
    group by reason
),

repaired as (
    select count(*) as issue_count
    from {{ ref('stg_telegram__messages') }}
    where is_repaired
),

deleted as (
    select count(*) as issue_count
    from {{ ref('fct_messages') }}
    where is_deleted
),

channels as (
    select count(*) filter (where channel_type = 'unclassified') as unclassified_count
    from {{ ref('dim_channels') }}
),

images as (
    select
        count(*) filter (where not has_message) as without_message_count,
        count(*) filter (where image_status = 'absent') as absent_count,
        count(*) filter (where image_status = 'missing') as missing_count,
        count(*) filter (where image_status = 'unreadable') as unreadable_count
    from {{ ref('fct_images') }}
)

select
    'rejected_records' as check_name,
    reason as detail,
    issue_count,
    'Records that could not be used; each is kept whole in raw.rejected_records.' as meaning
from rejected
union all
select
    'repaired_messages' as check_name,
    'all' as detail,
    issue_count,
    'Messages in use after a repair; raw.telegram_messages.repairs names it.' as meaning
from repaired
union all
select
    'messages_deleted' as check_name,
    'all' as detail,
    issue_count,
    'Messages that were found deleted from their channel; they stay here with what was last seen.' as meaning
from deleted
union all
select
    'unclassified_channels' as check_name,
    'all' as detail,
    unclassified_count as issue_count,
    'Channels without a type; add them to warehouse/seeds/channel_types.csv.' as meaning
from channels
union all
select
    'photos_without_message' as check_name,
    'all' as detail,
    without_message_count as issue_count,
    'Photo files whose message no lake holds; they count as photos but have no date and no views.' as meaning
from images
union all
select
    'photos_absent' as check_name,
    'all' as detail,
    absent_count as issue_count,
    'Photos that a message names but no lake holds.' as meaning
from images
union all
select
    'photos_missing' as check_name,
    'all' as detail,
    missing_count as issue_count,
    'Photos that a lake held before and that are gone now.' as meaning
from images
union all
select
    'photos_unreadable' as check_name,
    'all' as detail,
    unreadable_count as issue_count,
    'Files named like photos that are none, such as videos and broken downloads; they have no category.' as meaning
from images
