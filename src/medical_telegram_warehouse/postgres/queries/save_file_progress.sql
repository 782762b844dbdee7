UPDATE ops.loaded_files
SET
    file_size = %(file_size)s,
    file_mtime_ns = %(file_mtime_ns)s,
    loaded_bytes = %(loaded_bytes)s,
    loaded_records = CASE WHEN %(restarted)s THEN 0 ELSE loaded_records END + %(records)s,
    loaded_sha256 = %(sha256)s,
    loaded_at = now()
WHERE file_id = %(file_id)s;
