-- What channels have; new and gone as the channels' newest messages say.
SELECT
    availability.product_key,
    products.product_name,
    products.product_class,
    products.strength,
    products.form,
    availability.channel_name,
    availability.last_status,
    availability.latest_price,
    availability.latest_price_currency,
    availability.first_seen_date,
    availability.last_seen_date,
    availability.offer_count,
    availability.distinct_offer_count,
    availability.is_new,
    availability.is_gone
FROM marts.fct_product_availability AS availability
INNER JOIN marts.rpt_top_products AS products ON availability.product_key = products.product_key
WHERE
    (%(product_key)s::text IS NULL OR availability.product_key = %(product_key)s)
    AND (%(channel_name)s::text IS NULL OR availability.channel_name = %(channel_name)s)
    AND (%(product_class)s::text IS NULL OR products.product_class = %(product_class)s)
    AND CASE %(show)s
        WHEN 'new' THEN availability.is_new
        WHEN 'gone' THEN availability.is_gone
        WHEN 'available' THEN NOT availability.is_gone
        ELSE true
    END
    AND (
        %(from_date)s::date IS NULL
        OR CASE WHEN %(show)s = 'new' THEN availability.first_seen_date ELSE availability.last_seen_date END
        >= %(from_date)s
    )
    AND (
        %(to_date)s::date IS NULL
        OR CASE WHEN %(show)s = 'new' THEN availability.first_seen_date ELSE availability.last_seen_date END
        <= %(to_date)s
    )
ORDER BY
    CASE %(sort)s
        WHEN 'last_seen' THEN availability.last_seen_date - date '1970-01-01'
        WHEN 'first_seen' THEN availability.first_seen_date - date '1970-01-01'
        WHEN 'offers' THEN availability.offer_count
    END DESC NULLS LAST,
    CASE WHEN %(sort)s = 'name' THEN products.product_name END ASC,
    availability.product_key ASC,
    availability.channel_name ASC
OFFSET %(offset)s
LIMIT %(rows)s;
