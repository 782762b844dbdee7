-- What each product is called, folded as words are searched.
SELECT
    product_key,
    search_text,
    offer_count
FROM marts.rpt_top_products
ORDER BY offer_count DESC, product_key ASC;
