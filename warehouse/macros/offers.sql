{#-
Before int_offers is added to: which messages' offers are written again, and their deletion. Where the answers have
changed, all are.
Of the lines that these say or said before, it is told anew which comes first. In tables, as in macros/messages.sql.
-#}
{% macro list_changed_offers() -%}
    {%- if is_incremental() and is_built_whole() %}
    delete from {{ this }}
    {%- elif not execute or is_incremental() %}
    {%- set since = read_up_to() %}
    -- Messages that were read anew, and those that became or ceased to be copies, moved, or were deleted. A message that
    -- was only viewed offers what it offered.
    {{ list_rows('changed_offer_messages') }}
    select
        channel_name,
        message_id,
        {{ message_key('channel_name', 'message_id') }} as message_key
    from {{ ref('stg_offers__message_genres') }}
    where extracted_at >= {{ since }}
    union
    select
        messages.channel_name,
        messages.message_id,
        messages.message_key
    from {{ ref('fct_messages') }} as messages
    inner join {{ this }} as stored on messages.message_key = stored.message_key
    where
        messages.updated_at >= {{ since }}
        and (
            messages.is_forward <> stored.is_forward
            or messages.is_repost <> stored.is_message_repost
            or messages.is_deleted <> stored.is_deleted
            or messages.date_key <> stored.date_key
            or messages.message_timestamp <> stored.offer_timestamp
        );
    create unique index on changed_offer_messages (message_key);
    analyze changed_offer_messages;

    {{ list_rows('touched_lines') }}
    select line_key
    from (
        select {{ line_key('offers') }} as line_key
        from {{ ref('stg_offers__message_offers') }} as offers
        inner join changed_offer_messages as changed
            on offers.channel_name = changed.channel_name and offers.message_id = changed.message_id
        union
        select stored.line_key
        from {{ this }} as stored
        inner join changed_offer_messages as changed on stored.message_key = changed.message_key
    ) as lines;
    analyze touched_lines;

    -- Of the offers that did not change, the earliest that says such a line.
    {{ list_rows('first_of_others') }}
    select others.*
    from touched_lines
    cross join lateral (
        select
            stored.line_key,
            stored.offer_key,
            stored.offer_timestamp,
            stored.message_id,
            stored.offer_index,
            stored.is_first_line
        from {{ this }} as stored
        where
            stored.line_key = touched_lines.line_key
            and not exists (
                select from changed_offer_messages as changed where changed.message_key = stored.message_key
            )
        order by stored.offer_timestamp, stored.message_id, stored.offer_index
        limit 1
    ) as others;
    analyze first_of_others;

    -- A later reading may find fewer offers than the one before.
    delete from {{ this }} as stored
    using changed_offer_messages as changed
    where stored.message_key = changed.message_key
    {%- endif %}
{%- endmacro %}

{#- What a shop repeats when it says the same again. -#}
{% macro line_key(offers) -%}
    md5(cast(row(
        {{ offers }}.channel_name, {{ offers }}.name_key, {{ offers }}.strength, {{ offers }}.form, {{ offers }}.pack,
        {{ offers }}.price, {{ offers }}.currency, {{ offers }}.availability
    ) as text))
{%- endmacro %}

{#-
Before fct_product_prices is added to: the days of changed offers, and those whose prices are judged anew. New offers
move what is usual for their product, and an old price may become strange or cease to be. Strange prices are few: of
each day, their number now is held against their number in the table. An outlier that was counted before lies between
the counted extremes, so that an exchange of two is noticed as well.
-#}
{% macro list_changed_prices() -%}
    {%- if not execute or is_incremental() %}
    {{ list_rows('changed_periods') }}
    {{ changed_periods(read_up_to(), 'day', offers=true, messages=false) }};
    create unique index on changed_periods (channel_key, day_key);
    analyze changed_periods;

    {{ list_rows('strange_prices') }}
    select distinct
        product_key,
        currency,
        price
    from {{ ref('int_offer_prices') }}
    where is_outlier;
    analyze strange_prices;

    {{ list_rows('strange_days') }}
    select
        offers.product_key,
        offers.channel_key,
        offers.date_key,
        offers.currency,
        count(*) as outlier_count,
        array_agg(offers.price) as outlier_prices
    from strange_prices
    inner join {{ ref('int_offers') }} as offers
        on
            strange_prices.product_key = offers.product_key
            and strange_prices.price = offers.price
            and strange_prices.currency = offers.currency
    where offers.availability <> 'stock_out'
    group by offers.product_key, offers.channel_key, offers.date_key, offers.currency;
    analyze strange_days;

    {{ list_rows('judged_anew') }}
    select
        product_key,
        channel_key,
        date_key,
        currency
    from strange_days
    full join (
        select
            product_key,
            channel_key,
            date_key,
            currency,
            outlier_count as former_count
        from {{ this }}
        where outlier_count > 0
    ) as former
        using (product_key, channel_key, date_key, currency)
    where coalesce(strange_days.outlier_count, 0) <> coalesce(former.former_count, 0)
    union
    select
        strange_days.product_key,
        strange_days.channel_key,
        strange_days.date_key,
        strange_days.currency
    from strange_days
    inner join {{ this }} as stored
        on
            strange_days.product_key = stored.product_key
            and strange_days.channel_key = stored.channel_key
            and strange_days.date_key = stored.date_key
            and strange_days.currency = stored.currency
    cross join unnest(strange_days.outlier_prices) as outliers (price)
    where outliers.price between stored.min_price and stored.max_price;
    delete from judged_anew
    using changed_periods
    where judged_anew.channel_key = changed_periods.channel_key and judged_anew.date_key = changed_periods.day_key;
    analyze judged_anew;
    delete from {{ this }} as stored
    using changed_periods
    where stored.channel_key = changed_periods.channel_key and stored.date_key = changed_periods.day_key;
    delete from {{ this }} as stored
    using judged_anew
    where
        stored.product_key = judged_anew.product_key
        and stored.channel_key = judged_anew.channel_key
        and stored.date_key = judged_anew.date_key
        and stored.currency = judged_anew.currency
    {%- endif %}
{%- endmacro %}
