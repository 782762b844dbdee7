-- The days of the last weeks on which something was scraped. What was observed then was loaded no earlier.
SELECT DISTINCT (observed_at AT TIME ZONE 'UTC')::date AS scraped_on
FROM raw.telegram_message_observations
WHERE loaded_at >= %(since)s AND observed_at >= %(since)s
ORDER BY scraped_on;
