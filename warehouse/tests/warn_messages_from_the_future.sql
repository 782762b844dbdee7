-- A warning, because one wrong clock is no reason to withhold the rest; such a message stands at every chart's end.
{{ config(severity='warn') }}
select
    channel_name,
    full_date,
    message_count
from {{ ref('rpt_channel_activity_daily') }}
where full_date > {{ report_today() }}
