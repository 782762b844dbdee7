{{ config(indexes=[{'columns': ['date_key'], 'unique': True}]) }}

with bounds as (
    select
        coalesce({{ date_of_key('min(date_key)') }}, {{ report_today() }}) as first_date,
        greatest({{ date_of_key('max(date_key)') }}, {{ report_today() }}) as last_date
    from {{ ref('fct_messages') }}
),

days as (
    select cast(generate_series(first_date, last_date, interval '1 day') as date) as full_date
    from bounds
),

-- The Ethiopian calendar repeats every 1461 days: twelve months of 30 days, then Pagume of five, in every fourth year
-- six. 1723856 is the Julian day number of 1 Meskerem of year 0.
cycles as (
    select
        full_date,
        (cast(extract(julian from full_date) as integer) - 1723856) / 1461 as cycle_number,
        (cast(extract(julian from full_date) as integer) - 1723856) % 1461 as day_of_cycle
    from days
),

ethiopian_days as (
    select
        full_date,
        4 * cycle_number + day_of_cycle / 365 - day_of_cycle / 1460 as ethiopian_year,
        day_of_cycle % 365 + 365 * (day_of_cycle / 1460) as day_of_ethiopian_year
    from cycles
),

ethiopian_dates as (
    select
        full_date,
        ethiopian_year,
        day_of_ethiopian_year / 30 + 1 as ethiopian_month,
        day_of_ethiopian_year % 30 + 1 as ethiopian_day
    from ethiopian_days
)

-- to_char without the TM prefix writes English names whatever the server's language.
select
    {{ date_key('full_date') }} as date_key,
    full_date,

    -- Gregorian
    cast(extract(year from full_date) as integer) as year,
    cast(extract(quarter from full_date) as integer) as quarter,
    cast(extract(month from full_date) as integer) as month,
    to_char(full_date, 'FMMonth') as month_name,
    cast(extract(week from full_date) as integer) as week,
    cast(extract(day from full_date) as integer) as day_of_month,
    cast(extract(isodow from full_date) as integer) as day_of_week,
    to_char(full_date, 'FMDay') as day_name,
    extract(isodow from full_date) >= 6 as is_weekend,

    -- Ethiopian
    ethiopian_year,
    ethiopian_month,
    ethiopian_day,
    (array[
        'Meskerem', 'Tikimt', 'Hidar', 'Tahsas', 'Tir', 'Yekatit', 'Megabit',
        'Miyazya', 'Ginbot', 'Sene', 'Hamle', 'Nehase', 'Pagume'
    ])[ethiopian_month] as ethiopian_month_name,
    (array[
        'መስከረም', 'ጥቅምት', 'ኅዳር', 'ታኅሣሥ', 'ጥር', 'የካቲት', 'መጋቢት',
        'ሚያዝያ', 'ግንቦት', 'ሰኔ', 'ሐምሌ', 'ነሐሴ', 'ጳጉሜን'
    ])[ethiopian_month] as ethiopian_month_name_amharic
from ethiopian_dates
