SELECT
    full_date,
    subscribers,
    subscribers_gained
FROM marts.rpt_channel_subscribers
WHERE
    channel_key = md5(%(channel_name)s)
    AND (%(from_date)s::date IS NULL OR full_date >= %(from_date)s)
    AND (%(to_date)s::date IS NULL OR full_date <= %(to_date)s)
ORDER BY full_date DESC
OFFSET %(offset)s
LIMIT %(rows)s;
