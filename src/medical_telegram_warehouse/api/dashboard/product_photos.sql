-- Pictures of messages that offer a product, each by its newest photo. A product with many offers is looked for among
-- its newest prices alone: reading all of its offers would take a second.
WITH offering AS (
    SELECT offers.message_key
    FROM marts.fct_offers AS offers
    WHERE %(is_rare)s AND offers.product_key = %(product_key)s
    UNION
    SELECT newest.latest_message_key
    FROM (
        SELECT prices.latest_message_key
        FROM marts.fct_product_prices AS prices
        WHERE NOT %(is_rare)s AND prices.product_key = %(product_key)s AND prices.latest_message_key IS NOT NULL
        ORDER BY prices.date_key DESC
        LIMIT 500
    ) AS newest
),

pictures AS (
    SELECT DISTINCT ON (coalesce(images.image_group, images.image_key))
        images.image_key,
        images.image_status,
        images.channel_name,
        images.content_category,
        images.detected_classes,
        images.message_key,
        images.message_timestamp,
        images.use_count
    FROM offering
    INNER JOIN marts.fct_images AS images ON offering.message_key = images.message_key
    WHERE images.image_status = 'ok'
    ORDER BY coalesce(images.image_group, images.image_key), images.message_timestamp DESC
)

SELECT *
FROM pictures
ORDER BY message_timestamp DESC, image_key ASC
LIMIT %(rows)s;
