INSERT INTO raw.rejected_records (lake_id, file_path, file_position, reason, detail, payload)
VALUES (%(lake_id)s, %(file_path)s, %(position)s, %(reason)s, %(detail)s, %(payload)s)
ON CONFLICT DO NOTHING;
