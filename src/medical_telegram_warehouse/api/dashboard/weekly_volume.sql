-- Messages of each channel's weeks, oldest first.
SELECT
    channel_name,
    week_start_date,
    message_count
FROM marts.rpt_channel_activity_weekly
WHERE week_start_date > %(last_date)s::date - 7 * %(weeks)s AND week_start_date <= %(last_date)s
ORDER BY week_start_date, channel_name;
