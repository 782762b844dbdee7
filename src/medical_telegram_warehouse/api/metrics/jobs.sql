-- Runs of each job by how they ended, and its last ones. A run that was killed tells nothing itself; whoever finds it
-- dead writes it down, and until then it is `started`.
WITH last_ended AS (
    SELECT DISTINCT ON (job)
        job,
        status
    FROM ops.runs
    WHERE status <> 'started'
    ORDER BY job ASC, started_at DESC, run_id DESC
)

SELECT
    runs.job AS run_job,
    count(*) AS begun,
    count(*) FILTER (WHERE runs.status = 'success') AS succeeded,
    count(*) FILTER (WHERE runs.status = 'failed') AS failed,
    count(*) FILTER (WHERE runs.status = 'canceled') AS canceled,
    count(*) FILTER (WHERE runs.status = 'killed') AS killed,
    max(runs.started_at) AS last_begun_at,
    max(runs.finished_at) FILTER (WHERE runs.status = 'success') AS last_success_at,
    max(runs.finished_at) FILTER (WHERE runs.status = 'killed') AS last_killed_at,
    last_ended.status = 'success' AS last_succeeded,
    last_ended.status = 'failed' AS last_failed,
    last_ended.status = 'canceled' AS last_canceled,
    last_ended.status = 'killed' AS last_killed
FROM ops.runs AS runs
LEFT JOIN last_ended ON runs.job = last_ended.job
GROUP BY runs.job, last_ended.status
ORDER BY runs.job;
