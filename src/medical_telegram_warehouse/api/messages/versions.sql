SELECT
    version_number,
    message_text,
    first_seen_at,
    last_seen_at,
    is_current
FROM marts.fct_message_versions
WHERE message_key = %(message_key)s
ORDER BY version_number;
