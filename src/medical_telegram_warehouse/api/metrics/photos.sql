-- Photos by what became of their files. Those that a message names and no lake holds are `absent`.
SELECT
    statuses.status,
    count(images.image_status) AS photos
FROM (VALUES ('ok'), ('unreadable'), ('missing'), ('absent')) AS statuses (status)
LEFT JOIN marts.fct_images AS images ON statuses.status = images.image_status
GROUP BY statuses.status
ORDER BY statuses.status;
