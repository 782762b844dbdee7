-- Of one lake, or of all. Left out are files with records that were rejected as being of the future and no longer are:
-- the clock was wrong, or their time has come. Their files have not changed, so only this brings them; they are read as
-- new ones are.
SELECT
    lakes.lake,
    files.file_path,
    files.file_size,
    files.file_mtime_ns,
    files.loaded_bytes,
    files.loaded_sha256
FROM ops.loaded_files AS files
INNER JOIN ops.lakes AS lakes ON files.lake_id = lakes.lake_id
WHERE
    (%(lake_id)s::integer IS NULL OR files.lake_id = %(lake_id)s)
    AND NOT EXISTS (
        SELECT
        FROM raw.rejected_records AS rejected
        WHERE
            rejected.lake_id = files.lake_id
            AND rejected.file_path = files.file_path
            -- The detail begins with the date.
            AND CASE
                WHEN rejected.reason IN ('message_date_in_future', 'scraped_at_in_future')
                    THEN split_part(rejected.detail, ' ', 1)::timestamptz <= %(now)s::timestamptz + interval '1 day'
            END
    );
