select
    -- identifiers
    rejected_id,
    lake_id,

    -- text
    file_path,
    reason,
    detail,
    payload,

    -- numbers
    file_position,

    -- timestamps
    rejected_at
from {{ source('raw', 'rejected_records') }}
