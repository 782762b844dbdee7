-- What became of each channel in a run's scraping; no row for the sample and for lakes that others wrote.
SELECT details -> 'channels' AS channels
FROM ops.step_runs
WHERE
    run_id = %(run_id)s AND step = 'scrape_telegram_data' AND status = 'success'
    AND details ->> 'source' IN ('telegram', 'web')
ORDER BY attempt DESC
LIMIT 1;
