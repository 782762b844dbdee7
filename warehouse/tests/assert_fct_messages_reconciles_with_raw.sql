-- Every loaded message must reach the fact table once: a join that drops or doubles rows would falsify every report.
with loaded as (
    select count(*) as message_count
    from {{ ref('stg_telegram__messages') }}
),

built as (
    select count(*) as message_count
    from {{ ref('fct_messages') }}
)

select
    loaded.message_count as loaded_count,
    built.message_count as built_count
from loaded
cross join built
where loaded.message_count <> built.message_count
