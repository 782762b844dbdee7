SELECT
    lakes.lake,
    files.file_path,
    files.loaded_bytes
FROM ops.loaded_files AS files
INNER JOIN ops.lakes AS lakes ON files.lake_id = lakes.lake_id
ORDER BY lakes.lake, files.file_path;
