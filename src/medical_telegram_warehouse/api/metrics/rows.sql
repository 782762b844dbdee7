-- From sums that the marts keep: counting rows would read whole tables at each look.
SELECT
    'messages' AS what,
    coalesce(sum(total_messages), 0)::bigint AS rows
FROM marts.dim_channels
UNION ALL
SELECT
    'channels' AS what,
    count(*) AS rows
FROM marts.dim_channels
UNION ALL
SELECT
    'products' AS what,
    count(*) AS rows
FROM marts.rpt_top_products
UNION ALL
SELECT
    'offers' AS what,
    coalesce(sum(offer_count), 0)::bigint AS rows
FROM marts.rpt_top_products
UNION ALL
SELECT
    'photos' AS what,
    coalesce(sum(photo_count), 0)::bigint AS rows
FROM marts.rpt_visual_content;
