-- A warning, because a sale or a holiday looks the same as a scrape that lost half of its messages.
{{ config(severity='warn') }}
select
    channel_name,
    full_date,
    message_count,
    expected_count
from {{ ref('rpt_volume_anomalies') }}
where is_recent
