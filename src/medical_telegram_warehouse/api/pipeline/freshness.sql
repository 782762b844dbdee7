SELECT
    (SELECT max(message_timestamp) FROM marts.rpt_message_search) AS newest_message_at,
    coalesce((SELECT sum(total_messages) FROM marts.dim_channels), 0)::bigint AS message_count,
    (SELECT count(*) FROM marts.dim_channels) AS channel_count,
    (SELECT count(*) FROM marts.dim_channels WHERE is_sample) AS sample_channel_count,
    (SELECT max(finished_at) FROM ops.step_runs) AS last_run_at,
    (
        SELECT max(runs.finished_at)
        FROM (
            SELECT
                run_id,
                max(finished_at) AS finished_at
            FROM ops.step_runs
            WHERE status = 'success'
            GROUP BY run_id
            HAVING count(DISTINCT step) >= %(steps)s
        ) AS runs
    ) AS last_success_at;
