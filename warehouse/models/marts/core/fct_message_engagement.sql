{{
    config(
        meta={'written': {'by': 'fct_message_engagement', 'column': 'updated_at'}},
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='engagement_key',
        indexes=[
            {'columns': ['engagement_key'], 'unique': True},
            {'columns': ['message_key', 'observation_number']},
        ],
    )
}}

-- Of a message that was seen again, the whole history is looked at: an older observation may come later, from another
-- lake, and the gains of those around it change. Written is what became another.
with {% if not execute or is_incremental() -%}
{% set since = read_up_to() -%}
changed as (
    select
        channel_name,
        message_id
    from {{ ref('stg_telegram__observations') }}
    where loaded_at >= {{ since }}
    union
    -- Hours since the post are others, too, once that has another time.
    select
        channel_name,
        message_id
    from {{ ref('stg_telegram__moved_messages') }}
    where moved_at >= {{ since }}
),

{% endif -%}
observations as (
    select
        observations.*,
        messages.message_timestamp,
        row_number() over message as observation_number,
        lag(observations.views) over message as former_views,
        lag(observations.forwards) over message as former_forwards,
        lag(observations.text_hash) over message as former_text_hash
    from {{ ref('stg_telegram__observations') }} as observations
    inner join {{ ref('stg_telegram__messages') }} as messages
        on observations.channel_name = messages.channel_name and observations.message_id = messages.message_id
    {% if is_incremental() -%}
    inner join changed
        on observations.channel_name = changed.channel_name and observations.message_id = changed.message_id
    {% endif -%}
    where not observations.is_deleted
    window
        message as (
            partition by observations.channel_name, observations.message_id
            order by observations.observed_at, observations.observation_id
        )
),

engagement as (
    select
        -- keys
        md5(cast(observation_id as text) || ':' || channel_name || ':' || message_id) as engagement_key,
        {{ message_key('channel_name', 'message_id') }} as message_key,
        {{ channel_key('channel_name') }} as channel_key,

        -- identifiers
        channel_name,
        message_id,
        cast(observation_number as integer) as observation_number,

        -- when
        observed_at,
        cast(extract(epoch from observed_at - message_timestamp) / 3600 as double precision) as hours_since_post,

        -- as seen then
        views,
        forwards,
        replies,
        case
            when jsonb_typeof(reactions) = 'object'
                then (
                    select cast(sum(cast(counted.value as bigint)) as bigint)
                    from jsonb_each_text(observations.reactions) as counted
                    where counted.value ~ '^[0-9]{1,15}$'
                )
        end as reaction_count,
        views_exact,

        -- against the time before
        views - former_views as views_gained,
        forwards - former_forwards as forwards_gained,
        coalesce(text_hash <> former_text_hash, false) as is_text_changed
    from observations
)

select
    engagement.*,

    -- timestamps
    now() as updated_at
from engagement
{% if is_incremental() -%}
left join {{ this }} as stored on engagement.engagement_key = stored.engagement_key
where
    (engagement.observation_number, engagement.hours_since_post, engagement.views_gained, engagement.forwards_gained)
    is distinct from
    (stored.observation_number, stored.hours_since_post, stored.views_gained, stored.forwards_gained)
    or engagement.is_text_changed <> stored.is_text_changed
{%- else -%}
-- A channel's messages of one time lie together then, and are read together.
order by engagement.channel_name, engagement.message_id
{%- endif %}
