-- A warning, because a shop may close; but it may also have moved, or the scraper may be shut out.
{{ config(severity='warn') }}
select
    channel_name,
    silent_days,
    longest_rest_days
from {{ ref('rpt_channel_scorecard') }}
where is_silent
