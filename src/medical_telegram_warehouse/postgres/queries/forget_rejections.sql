-- What is read again is judged again.
DELETE FROM raw.rejected_records
WHERE lake_id = %(lake_id)s AND file_path = %(file_path)s
    AND (file_position IS NULL OR file_position >= %(start)s);
