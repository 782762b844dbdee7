-- Channels without a message for longer than they use to be, or than a rule allows.
--
-- A habit is told by days with posts, not by posts: shops post in bursts, and forty posts within a minute would make
-- any pause look long. One row a channel and day of a quarter of a year, by its index: the cost does not grow with the
-- history. What was not scraped since is not silence, so the clock is the last successful scrape.
WITH clock AS (
    SELECT max(started_at) AS looked_at
    FROM ops.runs
    WHERE status = 'success' AND %(scrape_step)s = ANY(steps)
),

rules AS (
    SELECT
        rule.pattern,
        rule.hours
    FROM unnest(%(patterns)s::text[], %(hours)s::double precision[]) AS rule (pattern, hours)
),

habits AS (
    SELECT
        channels.channel_name,
        channels.channel_key,
        channels.username,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY gaps.days) AS usual_days,
        count(gaps.days) AS gap_count
    FROM marts.dim_channels AS channels
    CROSS JOIN LATERAL (
        SELECT full_date - lag(full_date) OVER (ORDER BY full_date) AS days
        FROM marts.rpt_channel_activity_daily
        WHERE
            channel_key = channels.channel_key
            AND full_date > channels.last_message_date - %(habit_days)s
    ) AS gaps
    WHERE channels.last_message_date IS NOT NULL
    GROUP BY channels.channel_name, channels.channel_key, channels.username
),

judged AS (
    SELECT
        habits.channel_name,
        habits.username,
        habits.usual_days,
        newest.message_timestamp AS last_message_at,
        clock.looked_at,
        ruled.hours AS rule_hours,
        coalesce(
            ruled.hours,
            CASE
                WHEN habits.gap_count >= %(fewest_gaps)s
                    THEN greatest(%(shortest_hours)s, %(times)s * 24 * habits.usual_days)
            END
        ) AS allowed_hours
    FROM habits
    CROSS JOIN clock
    CROSS JOIN LATERAL (
        SELECT message_timestamp
        FROM marts.fct_messages
        WHERE channel_key = habits.channel_key
        ORDER BY message_timestamp DESC
        LIMIT 1
    ) AS newest
    LEFT JOIN LATERAL (
        SELECT min(rules.hours) AS hours
        FROM rules
        WHERE habits.channel_name ILIKE rules.pattern
    ) AS ruled ON true
)

SELECT
    channel_name,
    username,
    last_message_at,
    usual_days,
    rule_hours,
    extract(EPOCH FROM looked_at - last_message_at)::double precision / 3600 AS silent_hours
FROM judged
WHERE looked_at - last_message_at > allowed_hours * interval '1 hour'
ORDER BY last_message_at DESC, channel_name ASC;
