INSERT INTO ops.offer_extraction (extractor_version, read_up_to)
VALUES (%(version)s, %(read_up_to)s)
ON CONFLICT (is_only) DO UPDATE
    SET extractor_version = excluded.extractor_version, read_up_to = excluded.read_up_to;
