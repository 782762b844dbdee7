-- A warning, because plain dbt may run before the extractor does; in the pipeline it means that that was left out.
{{ config(severity='warn') }}
with messages as (
    select coalesce(sum(message_count), 0) as message_count
    from {{ ref('rpt_channel_activity_daily') }}
),

genres as (
    select count(*) as read_count
    from {{ ref('stg_offers__message_genres') }}
)

select
    messages.message_count,
    genres.read_count
from messages
cross join genres
where genres.read_count < messages.message_count
