-- What each product is called: its name, strength, form, ingredient and brands, and every way in which shops write it.
WITH spellings AS (
    SELECT
        product_key,
        string_agg(DISTINCT name, ' ') AS names
    FROM marts.rpt_product_names
    GROUP BY product_key
)

SELECT
    reports.product_key,
    concat_ws(
        ' ',
        reports.product_name,
        reports.strength,
        reports.form,
        reports.generic,
        array_to_string(products.brands, ' '),
        spellings.names
    ) AS called,
    CASE
        WHEN products.is_known
            THEN concat_ws(' ', reports.product_name, reports.generic, array_to_string(products.brands, ' '))
    END AS known_as
FROM marts.rpt_top_products AS reports
INNER JOIN marts.dim_products AS products ON reports.product_key = products.product_key
LEFT JOIN spellings ON reports.product_key = spellings.product_key
ORDER BY reports.offer_count DESC, reports.product_key ASC;
