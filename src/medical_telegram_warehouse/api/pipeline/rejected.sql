SELECT
    records.rejected_id,
    lakes.lake,
    records.file_path,
    records.file_position,
    records.reason,
    records.rejected_at,
    records.rejected_id AS cursor_id
FROM marts.rpt_rejected_records AS records
INNER JOIN ops.lakes AS lakes ON records.lake_id = lakes.lake_id
WHERE
    (%(reason)s::text IS NULL OR records.reason = %(reason)s)
    AND (%(from_time)s::timestamptz IS NULL OR records.rejected_at >= %(from_time)s)
    AND (%(to_time)s::timestamptz IS NULL OR records.rejected_at < %(to_time)s)
    AND (%(after_id)s::bigint IS NULL OR records.rejected_id < %(after_id)s)
ORDER BY records.rejected_id DESC
LIMIT %(rows)s;
