{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='message_key',
        on_schema_change='append_new_columns',
        post_hook="{{ remember_build() }}",
        indexes=[
            {'columns': ['message_key'], 'unique': True},
            {'columns': ['channel_key', 'message_timestamp']},
            {'columns': ['date_key', 'channel_key']},
            {'columns': ['album_key']},
            {'columns': ['repost_cluster', 'message_timestamp', 'channel_name', 'message_id']},
            {'columns': ['updated_at']},
            {'columns': ['content_updated_at']},
        ],
    )
}}

with
{% if is_incremental() %}
{%- set since = read_up_to() %}
changed_ids as materialized (
    select
        channel_name,
        message_id
    from {{ ref('stg_telegram__messages') }}
    where loaded_at >= {{ since }}
    union
    select
        channel_name,
        message_id
    from {{ ref('stg_offers__message_genres') }}
    where extracted_at >= {{ since }}
    union
    -- A photo matters only where the text does not tell which post it is.
    select
        scans.channel_name,
        scans.message_id
    from {{ ref('stg_yolo__image_scans') }} as scans
    inner join {{ ref('stg_offers__message_genres') }} as genres
        on scans.channel_name = genres.channel_name and scans.message_id = genres.message_id
    where scans.loaded_at >= {{ since }} and genres.repost_key is null
),

changed as materialized ({{ current_messages('changed_ids') }}
),

stored as materialized (
    select
        stored.message_key,
        stored.album_key,
        stored.repost_cluster,
        stored.message_timestamp
    from {{ this }} as stored
    inner join changed on stored.message_key = changed.message_key
),

-- Clusters that a message joins or leaves, or whose order may have changed.
touched_clusters as materialized (
    select unnest(array[changed.repost_cluster, stored.repost_cluster]) as repost_cluster
    from changed
    left join stored on changed.message_key = stored.message_key
    where
        stored.message_key is null
        or changed.repost_cluster is distinct from stored.repost_cluster
        or changed.message_timestamp <> stored.message_timestamp
),

-- The first message of each of these, among those that changed and the earliest of the others.
members as (
    select
        message_key,
        repost_cluster,
        message_timestamp,
        channel_name,
        message_id
    from changed
    where repost_cluster in (select touched.repost_cluster from touched_clusters as touched)
    union all
    select others.*
    from (select distinct touched.repost_cluster from touched_clusters as touched) as clusters
    cross join lateral (
        select
            candidates.message_key,
            candidates.repost_cluster,
            candidates.message_timestamp,
            candidates.channel_name,
            candidates.message_id
        from {{ this }} as candidates
        where
            candidates.repost_cluster = clusters.repost_cluster
            and not exists (select from changed where changed.message_key = candidates.message_key)
        order by candidates.message_timestamp, candidates.channel_name, candidates.message_id
        limit 1
    ) as others
),

first_posts as materialized (
    select distinct on (repost_cluster)
        repost_cluster,
        message_key,
        channel_name,
        message_id
    from members
    order by repost_cluster asc, message_timestamp asc, channel_name asc, message_id asc
),

-- What changes with them: the rest of their albums, and who was or is the first of a cluster.
affected_ids as materialized (
    select
        channel_name,
        message_id
    from changed
    union
    select
        siblings.channel_name,
        siblings.message_id
    from {{ this }} as siblings
    where
        siblings.album_key in (
            select changed.album_key from changed where changed.album_key is not null
            union
            select stored.album_key from stored where stored.album_key is not null
        )
    union
    select
        former.channel_name,
        former.message_id
    from touched_clusters as touched
    cross join lateral (
        select
            candidates.channel_name,
            candidates.message_id
        from {{ this }} as candidates
        where candidates.repost_cluster = touched.repost_cluster and not candidates.is_repost
        order by candidates.message_timestamp, candidates.channel_name, candidates.message_id
        limit 1
    ) as former
    union
    select
        first_posts.channel_name,
        first_posts.message_id
    from first_posts
),

messages as ({{ current_messages('affected_ids') }}
),
{% else %}
messages as ({{ current_messages() }}
),

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
        when former.message_text = ranked.message_text and former.date_key = ranked.date_key
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
