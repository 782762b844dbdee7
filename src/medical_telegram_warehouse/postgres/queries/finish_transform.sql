UPDATE ops.transform_state
SET fingerprint = %(fingerprint)s, is_finished = true, tests_all_rows = false, built_at = now()
WHERE step = %(step)s;
