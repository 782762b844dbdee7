SELECT
    channel_name,
    full_date,
    kind,
    message_count,
    expected_count
FROM marts.rpt_volume_anomalies
ORDER BY full_date DESC, abs(deviation) DESC
LIMIT %(rows)s;
