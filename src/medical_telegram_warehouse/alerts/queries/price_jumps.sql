SELECT
    changes.product_price_key,
    changes.product_name,
    changes.strength,
    changes.form,
    changes.channel_name,
    changes.full_date,
    changes.previous_date,
    changes.currency,
    changes.price,
    changes.previous_price,
    changes.change_ratio,
    changes.latest_message_id
FROM marts.rpt_price_changes AS changes
WHERE
    changes.full_date > %(newest_day)s::date - %(recent_days)s
    AND abs(changes.change_ratio) * 100 >= %(percent)s
    AND (
        %(direction)s = 'both'
        OR (%(direction)s = 'up') = (changes.change_ratio > 0)
    )
    AND changes.product_name ILIKE %(product)s
    AND changes.channel_name ILIKE %(channel)s
ORDER BY abs(changes.change_ratio) DESC, changes.product_price_key ASC
LIMIT %(rows)s;
