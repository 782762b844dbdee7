INSERT INTO ops.loaded_detections (sha256) VALUES (%(sha256)s)
ON CONFLICT (is_last) DO UPDATE SET sha256 = EXCLUDED.sha256, loaded_at = now();
