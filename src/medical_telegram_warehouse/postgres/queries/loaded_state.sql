-- What the marts are made of, as far as it can be told cheaply: differs after each load that brought something.
SELECT concat_ws(
    ' ',
    (SELECT concat_ws(' ', count(*), sum(loaded_bytes), max(loaded_at)) FROM ops.loaded_files),
    (SELECT max(extracted_at) FROM raw.message_genres),
    (SELECT concat_ws(' ', encode(sha256, 'hex'), loaded_at) FROM ops.loaded_detections)
) AS loaded;
