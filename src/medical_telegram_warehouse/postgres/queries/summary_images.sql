SELECT image_category, sum(photo_count)::bigint AS photo_count
FROM marts.rpt_visual_content
GROUP BY image_category
ORDER BY photo_count DESC, image_category;
