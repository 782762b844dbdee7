INSERT INTO ops.transform_state (step, fingerprint, is_finished)
VALUES (%(step)s, %(fingerprint)s, true)
ON CONFLICT (step) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, is_finished = true, built_at = now();
