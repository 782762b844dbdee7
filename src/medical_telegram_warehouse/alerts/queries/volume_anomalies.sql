SELECT
    anomaly_key,
    channel_name,
    full_date,
    kind,
    message_count,
    expected_count
FROM marts.rpt_volume_anomalies
WHERE is_recent
ORDER BY full_date DESC, abs(deviation) DESC, channel_name ASC
LIMIT %(rows)s;
