-- Returns what the step's last build left: nothing where there was none.
WITH former AS (
    SELECT fingerprint, is_finished FROM ops.transform_state WHERE step = %(step)s
),

begun AS (
    INSERT INTO ops.transform_state (step, fingerprint, is_finished, tests_all_rows)
    VALUES (%(step)s, '', false, true)
    ON CONFLICT (step) DO UPDATE SET
        is_finished = false,
        tests_all_rows = NOT ops.transform_state.is_finished
)

SELECT fingerprint, is_finished FROM former;
