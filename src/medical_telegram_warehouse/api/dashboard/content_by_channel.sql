-- What the photos of each channel show, channels with most photos first.
SELECT
    channel_name,
    content_category,
    photo_count,
    sum(photo_count) OVER (PARTITION BY channel_name) AS channel_photo_count
FROM marts.rpt_content_categories
WHERE %(channel_name)s::text IS NULL OR channel_name = %(channel_name)s
ORDER BY channel_photo_count DESC, channel_name ASC, photo_count DESC, content_category ASC;
