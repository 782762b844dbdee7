SELECT
    count(*) AS channel_count,
    count(*) FILTER (WHERE is_sample) AS sample_count,
    min(first_message_date) AS first_message,
    max(last_message_date) AS last_message
FROM marts.dim_channels;
