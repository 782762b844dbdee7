SELECT
    detected_class,
    sum(detection_count)::bigint AS detection_count,
    sum(photo_count)::bigint AS photo_count,
    round((sum(avg_confidence_score * detection_count) / sum(detection_count))::numeric, 4)::double precision
        AS avg_confidence
FROM marts.rpt_detected_classes
WHERE %(channel_name)s::text IS NULL OR channel_name = %(channel_name)s
GROUP BY detected_class
ORDER BY detection_count DESC, detected_class ASC
LIMIT %(limit)s;
