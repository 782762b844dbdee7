SELECT file_path, file_size, file_mtime_ns, loaded_bytes, loaded_sha256
FROM ops.loaded_files
WHERE lake_id = %(lake_id)s;
