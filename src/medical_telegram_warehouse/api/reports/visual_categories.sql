-- Both categories, summed over channels.
SELECT
    'image' AS kind,
    image_category AS category,
    sum(photo_count)::bigint AS photo_count,
    sum(detection_count)::bigint AS detection_count,
    sum(original_post_count)::bigint AS original_post_count,
    sum(original_views)::bigint AS total_views,
    round(sum(original_views)::numeric / nullif(sum(original_post_count), 0), 2)::double precision AS avg_views
FROM marts.rpt_visual_content
WHERE %(channel_name)s::text IS NULL OR channel_name = %(channel_name)s
GROUP BY image_category
UNION ALL
SELECT
    'content' AS kind,
    content_category AS category,
    sum(photo_count)::bigint AS photo_count,
    sum(detection_count)::bigint AS detection_count,
    sum(original_post_count)::bigint AS original_post_count,
    sum(original_views)::bigint AS total_views,
    round(sum(original_views)::numeric / nullif(sum(original_post_count), 0), 2)::double precision AS avg_views
FROM marts.rpt_content_categories
WHERE %(channel_name)s::text IS NULL OR channel_name = %(channel_name)s
GROUP BY content_category
ORDER BY photo_count DESC, category ASC;
