{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='message_key',
        indexes=[{'columns': ['version_key'], 'unique': True}, {'columns': ['message_key']}],
    )
}}

-- Only messages whose text was ever changed have more than one text, and a row here for each time it was.
with edited as (
    select distinct
        texts.channel_name,
        texts.message_id
    from {{ ref('stg_telegram__message_texts') }} as texts
    {%- if is_incremental() %}
    {%- set since = read_up_to() %}
    where
        texts.loaded_at >= {{ since }}
        or (texts.channel_name, texts.message_id) in (
            select
                seen.channel_name,
                seen.message_id
            from {{ ref('stg_telegram__observations') }} as seen
            where seen.loaded_at >= {{ since }}
        )
    {%- endif %}
),

observations as (
    select
        observed.channel_name,
        observed.message_id,
        observed.text_hash,
        observed.observed_at,
        observed.observation_id,
        observed.edit_timestamp,
        coalesce(
            observed.text_hash <> lag(observed.text_hash) over (
                partition by observed.channel_name, observed.message_id
                order by observed.observed_at, observed.observation_id
            ),
            true
        ) as is_new_text
    from {{ ref('stg_telegram__observations') }} as observed
    inner join edited on observed.channel_name = edited.channel_name and observed.message_id = edited.message_id
    where not observed.is_deleted
),

numbered as (
    select
        *,
        sum(case when is_new_text then 1 else 0 end) over (
            partition by channel_name, message_id
            order by observed_at, observation_id
        ) as version_number
    from observations
),

versions as (
    select
        channel_name,
        message_id,
        version_number,
        text_hash,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at,
        min(edit_timestamp) as edit_timestamp
    from numbered
    group by channel_name, message_id, version_number, text_hash
)

select
    -- keys
    md5(versions.channel_name || ':' || versions.message_id || ':' || versions.version_number) as version_key,
    {{ message_key('versions.channel_name', 'versions.message_id') }} as message_key,
    {{ channel_key('versions.channel_name') }} as channel_key,

    -- identifiers
    versions.channel_name,
    versions.message_id,
    cast(versions.version_number as integer) as version_number,

    -- text
    texts.message_text,

    -- when
    versions.first_seen_at,
    versions.last_seen_at,
    versions.edit_timestamp,
    row_number() over (
        partition by versions.channel_name, versions.message_id
        order by versions.version_number desc
    ) = 1 as is_current
from versions
left join {{ ref('stg_telegram__message_texts') }} as texts
    on
        versions.channel_name = texts.channel_name
        and versions.message_id = texts.message_id
        and versions.text_hash = texts.text_hash
