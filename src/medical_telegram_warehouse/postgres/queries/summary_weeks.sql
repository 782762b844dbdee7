-- Messages a week, for the last half year that has any.
SELECT date_trunc('week', full_date)::date AS week, sum(message_count)::bigint AS message_count
FROM marts.rpt_channel_activity_daily
WHERE full_date > (SELECT max(full_date) FROM marts.rpt_channel_activity_daily) - 182
GROUP BY week
ORDER BY week;
