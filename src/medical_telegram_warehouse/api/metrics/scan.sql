-- The last scan that had photos to look at.
SELECT
    (details ->> 'photos_per_second')::double precision AS photos_per_second,
    finished_at
FROM ops.step_runs
WHERE
    step = 'run_yolo_enrichment'
    AND status = 'success'
    AND (details ->> 'scanned')::bigint > 0
ORDER BY started_at DESC
LIMIT 1;
