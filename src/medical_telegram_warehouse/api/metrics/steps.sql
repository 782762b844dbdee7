-- Each step's attempts, its last one, and what its last success wrote.
WITH totals AS (
    SELECT
        step,
        count(*) FILTER (WHERE status = 'success') AS succeeded,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        count(*) FILTER (WHERE attempt > 1) AS retries,
        max(started_at) AS last_started_at,
        max(started_at) FILTER (WHERE status = 'success') AS success_started_at
    FROM ops.step_runs
    GROUP BY step
),

last_attempts AS (
    SELECT DISTINCT ON (attempts.step)
        attempts.step,
        attempts.status = 'success' AS last_succeeded,
        extract(EPOCH FROM attempts.finished_at - attempts.started_at)::double precision AS last_seconds
    FROM totals
    INNER JOIN ops.step_runs AS attempts
        ON totals.step = attempts.step AND totals.last_started_at = attempts.started_at
    ORDER BY attempts.step ASC, attempts.attempt DESC
),

last_successes AS (
    SELECT DISTINCT ON (attempts.step)
        attempts.step,
        attempts.new_rows
    FROM totals
    INNER JOIN ops.step_runs AS attempts
        ON totals.step = attempts.step AND totals.success_started_at = attempts.started_at
    WHERE attempts.status = 'success'
    ORDER BY attempts.step ASC, attempts.attempt DESC
),

-- The median of a month. Of fewer than five attempts nobody knows what is usual.
usual AS (
    SELECT
        attempts.step,
        percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(EPOCH FROM attempts.finished_at - attempts.started_at)::double precision
        ) AS usual_seconds
    FROM totals
    INNER JOIN ops.step_runs AS attempts ON totals.step = attempts.step
    WHERE
        attempts.status = 'success'
        AND attempts.started_at > now() - interval '30 days'
        AND attempts.started_at < totals.last_started_at
    GROUP BY attempts.step
    HAVING count(*) >= 5
)

SELECT
    totals.step,
    totals.succeeded,
    totals.failed,
    totals.retries,
    last_attempts.last_succeeded,
    last_attempts.last_seconds,
    last_successes.new_rows,
    usual.usual_seconds
FROM totals
LEFT JOIN last_attempts ON totals.step = last_attempts.step
LEFT JOIN last_successes ON totals.step = last_successes.step
LEFT JOIN usual ON totals.step = usual.step
ORDER BY totals.step;
