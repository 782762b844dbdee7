{{
    config(
        meta={'written': {'by': 'fct_messages', 'column': 'updated_at'}},
        tags=['reposts'],
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='message_key',
        pre_hook="{{ list_changed_messages() }}",
        indexes=[
            {'columns': ['message_key'], 'unique': True},
            {'columns': ['channel_key', 'message_timestamp']},
            {'columns': ['channel_key', 'date_key']},
            {'columns': ['date_key']},
            {'columns': ['album_key']},
            {'columns': ['repost_cluster', 'message_timestamp', 'channel_name', 'message_id']},
            {'columns': ['updated_at']},
            {'columns': ['content_updated_at']},
        ],
    )
}}

with messages as ({{ current_messages('affected_messages' if is_incremental() else none) }}
),

{% if not is_incremental() %}
first_posts as (
    select distinct on (repost_cluster)
        repost_cluster,
        message_key
    from messages
    where repost_cluster is not null
    order by repost_cluster asc, message_timestamp asc, channel_name asc, message_id asc
),
{% endif %}

-- Which message of an album stands for the whole post. Ties are broken by the key, so that two builds of the same data
-- agree.
ranked as (
    select
        messages.*,
        row_number() over (
            partition by
                messages.channel_name,
                messages.grouped_id,
                case when messages.grouped_id is null then messages.message_id end
            order by messages.views desc nulls last, messages.message_id asc
        ) as rank_in_post
    from messages
)

select
    -- keys
    ranked.message_key,
    {{ channel_key('ranked.channel_name') }} as channel_key,
    ranked.date_key,
    ranked.album_key,
    ranked.repost_cluster,

    -- identifiers
    ranked.channel_name,
    ranked.message_id,
    ranked.source,

    -- text
    ranked.message_text,
    char_length(ranked.message_text) as message_length,
    ranked.genre,
    ranked.offer_count,

    -- media
    ranked.has_media,
    ranked.media_type,
    ranked.image_path is not null or coalesce(ranked.media_type = 'photo', false) as has_image,
    ranked.image_path,

    -- engagement
    ranked.views,
    ranked.forwards,
    ranked.replies,
    ranked.views_exact,

    -- what kind of post it is
    ranked.is_forward,
    {% if is_incremental() -%}
    ranked.repost_cluster is not null
    and coalesce(ranked.message_key <> first_posts.message_key, former.is_repost) as is_repost,
    {%- else -%}
    coalesce(ranked.message_key <> first_posts.message_key, false) as is_repost,
    {%- endif %}
    not ranked.is_forward and ranked.rank_in_post = 1 as is_original_post,
    ranked.is_pinned,
    ranked.deleted_at is not null as is_deleted,

    -- timestamps
    ranked.message_timestamp,
    cast(extract(hour from {{ report_time('ranked.message_timestamp') }}) as integer) as hour_of_day,
    ranked.edit_timestamp,
    ranked.deleted_at,
    {% if is_incremental() -%}
    case
        when former.message_text = ranked.message_text and former.message_timestamp = ranked.message_timestamp
            then former.content_updated_at
        else now()
    end as content_updated_at,
    {%- else -%}
    now() as content_updated_at,
    {%- endif %}
    now() as updated_at
from ranked
left join first_posts on ranked.repost_cluster = first_posts.repost_cluster
{% if is_incremental() -%}
left join {{ this }} as former on ranked.message_key = former.message_key
{%- endif %}
{% if not is_incremental() %}
-- Rows of one time lie together then, and are read together.
order by ranked.message_timestamp
{% endif %}
