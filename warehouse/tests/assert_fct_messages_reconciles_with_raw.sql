-- Every loaded message must reach the fact table once: a join that drops or doubles rows would falsify every report.
select
    loaded.message_count as loaded_count,
    built.message_count as built_count
from (select count(*) as message_count from {{ ref('stg_telegram__messages') }}) as loaded
cross join (select count(*) as message_count from {{ ref('fct_messages') }}) as built
where loaded.message_count <> built.message_count
