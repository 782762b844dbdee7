SELECT
    check_name,
    detail,
    severity,
    issue_count,
    meaning
FROM marts.rpt_data_quality
ORDER BY issue_count > 0 DESC, severity = 'warn' DESC, issue_count DESC, check_name ASC, detail ASC;
