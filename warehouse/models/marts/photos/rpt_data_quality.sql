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
    where jsonb_array_length(repairs) > 0
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
    'repaired_messages',
    'all',
    issue_count,
    'Messages in use after a repair; raw.telegram_messages.repairs names it.'
from repaired
union all
select
    'unclassified_channels',
    'all',
    unclassified_count,
    'Channels without a type; add them to warehouse/seeds/channel_types.csv.'
from channels
union all
select
    'photos_without_message',
    'all',
    without_message_count,
    'Photo files whose message no lake holds; they count as photos but have no date and no views.'
from images
union all
select
    'photos_absent',
    'all',
    absent_count,
    'Photos that a message names but no lake holds.'
from images
union all
select
    'photos_missing',
    'all',
    missing_count,
    'Photos that a lake held before and that are gone now.'
from images
union all
select
    'photos_unreadable',
    'all',
    unreadable_count,
    'Files named like photos that are none, such as videos and broken downloads; they have no category.'
from images
