SELECT fingerprint, is_finished FROM ops.transform_state WHERE step = %(step)s;
