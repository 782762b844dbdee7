select
    -- identifiers
    channel_name,
    message_id,

    -- timestamps
    former_date as former_timestamp,
    moved_at
from {{ source('ops', 'moved_messages') }}
