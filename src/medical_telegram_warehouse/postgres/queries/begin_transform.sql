UPDATE ops.transform_state SET is_finished = false WHERE step = %(step)s;
