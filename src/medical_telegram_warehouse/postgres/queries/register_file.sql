-- A file that is about to be read. Size and time are set only when it has been read to its end.
INSERT INTO ops.loaded_files (
    lake_id, file_path, file_size, file_mtime_ns, loaded_bytes, loaded_records, loaded_sha256
)
VALUES (%(lake_id)s, %(file_path)s, -1, 0, 0, 0, '')
ON CONFLICT (lake_id, file_path) DO UPDATE SET file_size = -1
RETURNING file_id;
