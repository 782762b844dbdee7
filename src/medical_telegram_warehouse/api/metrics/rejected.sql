SELECT
    detail AS reason,
    issue_count AS records
FROM marts.rpt_data_quality
WHERE check_name = 'rejected_records';
