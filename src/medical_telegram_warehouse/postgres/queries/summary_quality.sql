SELECT check_name, detail, issue_count, meaning
FROM marts.rpt_data_quality
WHERE issue_count > 0
ORDER BY issue_count DESC;
