WITH by_content AS (
    SELECT content_category AS category, sum(photo_count)::bigint AS photo_count
    FROM marts.rpt_content_categories
    GROUP BY content_category
),

by_objects AS (
    SELECT image_category AS category, sum(photo_count)::bigint AS photo_count
    FROM marts.rpt_visual_content
    GROUP BY image_category
)

SELECT
    category,
    coalesce(by_content.photo_count, 0) AS content_count,
    coalesce(by_objects.photo_count, 0) AS object_count
FROM by_content
FULL JOIN by_objects USING (category)
ORDER BY content_count DESC, object_count DESC, category;
