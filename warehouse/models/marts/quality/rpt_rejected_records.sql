{{ config(materialized='view') }}

-- For readers who may not see the records: neither the payload nor `detail`, which quotes what it could not read.
select
    -- identifiers
    rejected_id,
    lake_id,

    -- where it stands, and why it was rejected
    file_path,
    file_position,
    reason,

    -- timestamps
    rejected_at
from {{ ref('stg_telegram__rejected_records') }}
