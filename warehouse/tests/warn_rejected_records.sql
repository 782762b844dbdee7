-- A warning, because a damaged line in a file is no reason to withhold the rest: the records are kept with their
-- reasons, but a person should look.
{{ config(severity='warn') }}
select
    rejected_id,
    file_path,
    reason,
    detail
from {{ ref('stg_telegram__rejected_records') }}
