{#-
A message as it is now. Which texts are the same post is told by the extractor (repost_key). Where it found that a text
says too little for that, or there is none, the photo decides, and the text to the letter; where it has not read the
message yet, the text alone.
-#}
{% macro current_messages(ids=none) %}
    select
        messages.*,
        genres.genre,
        genres.offer_count,
        {{ message_key('messages.channel_name', 'messages.message_id') }} as message_key,
        case
            when messages.grouped_id is not null then {{ message_key('messages.channel_name', 'messages.grouped_id') }}
        end as album_key,
        {{ date_key(report_day('messages.message_timestamp')) }} as date_key,
        case
            when genres.repost_key is not null then md5('text:' || genres.repost_key)
            when
                photos.sha256 is not null
                and (genres.genre is not null or {{ fold_text('messages.message_text') }} is null)
                then md5('photo:' || photos.sha256 || coalesce({{ fold_text('messages.message_text') }}, ''))
            else md5('exact:' || {{ fold_text('messages.message_text') }})
        end as repost_cluster,
        num_nonnulls(messages.forwarded_from, messages.forwarded_from_id) > 0 as is_forward
    from {{ ref('stg_telegram__messages') }} as messages
    {%- if ids %}
    inner join {{ ids }} as wanted
        on messages.channel_name = wanted.channel_name and messages.message_id = wanted.message_id
    {%- endif %}
    left join {{ ref('stg_offers__message_genres') }} as genres
        on messages.channel_name = genres.channel_name and messages.message_id = genres.message_id
    left join lateral (
        select min(scans.sha256) as sha256
        from {{ ref('stg_yolo__image_scans') }} as scans
        where
            genres.repost_key is null
            and scans.channel_name = messages.channel_name
            and scans.message_id = messages.message_id
            and scans.image_status = 'ok'
    ) as photos on true
{%- endmacro %}

{#-
Before fct_messages is added to: which of its rows are written again, and why, in tables that live as long as the
transaction. Not in CTEs, because the planner knows nothing of a CTE's size and would compare all with all.
-#}
{% macro list_changed_messages() -%}
    {%- if not execute or is_incremental() %}
    {%- set since = read_up_to() %}
    {{ list_rows('changed_ids') }}
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
    where scans.loaded_at >= {{ since }} and genres.repost_key is null;
    analyze changed_ids;

    {{ list_rows('changed_messages') }}
    select
        current.message_key,
        current.channel_name,
        current.message_id,
        current.message_timestamp,
        current.album_key,
        current.repost_cluster,
        stored.album_key as former_album_key,
        stored.repost_cluster as former_cluster,
        -- Whether it joins or leaves a cluster, or may stand elsewhere in the order of its own.
        stored.message_key is null
        or current.repost_cluster is distinct from stored.repost_cluster
        or current.message_timestamp <> stored.message_timestamp as is_moved
    from ({{ current_messages('changed_ids') }}
    ) as current
    left join {{ this }} as stored on current.message_key = stored.message_key;
    create unique index on changed_messages (message_key);
    analyze changed_messages;

    {{ list_rows('touched_clusters') }}
    select clusters.repost_cluster
    from changed_messages
    cross join unnest(array[repost_cluster, former_cluster]) as clusters (repost_cluster)
    where changed_messages.is_moved and clusters.repost_cluster is not null
    group by clusters.repost_cluster;
    analyze touched_clusters;

    -- The first of each, among those that changed and the earliest of the others.
    {{ list_rows('first_posts') }}
    select distinct on (repost_cluster)
        repost_cluster,
        message_key,
        channel_name,
        message_id
    from (
        select
            changed_messages.repost_cluster,
            changed_messages.message_key,
            changed_messages.channel_name,
            changed_messages.message_id,
            changed_messages.message_timestamp
        from changed_messages
        inner join touched_clusters on changed_messages.repost_cluster = touched_clusters.repost_cluster
        union all
        select others.*
        from touched_clusters
        cross join lateral (
            select
                stored.repost_cluster,
                stored.message_key,
                stored.channel_name,
                stored.message_id,
                stored.message_timestamp
            from {{ this }} as stored
            where
                stored.repost_cluster = touched_clusters.repost_cluster
                and not exists (select from changed_messages where changed_messages.message_key = stored.message_key)
            order by stored.message_timestamp, stored.channel_name, stored.message_id
            limit 1
        ) as others
    ) as members
    order by repost_cluster asc, message_timestamp asc, channel_name asc, message_id asc;
    analyze first_posts;

    -- With a message may change which one is the first of its cluster, and with each of these the rest of its album. A
    -- first one that stays first is left alone: written again, it would have the summaries of its month made anew.
    {{ list_rows('affected_messages') }}
    select
        message_key,
        channel_name,
        message_id
    from changed_messages
    union
    select
        former.message_key,
        former.channel_name,
        former.message_id
    from first_posts
    cross join lateral (
        select
            stored.message_key,
            stored.channel_name,
            stored.message_id
        from {{ this }} as stored
        where stored.repost_cluster = first_posts.repost_cluster and not stored.is_repost
        order by stored.message_timestamp, stored.channel_name, stored.message_id
        limit 1
    ) as former
    where former.message_key <> first_posts.message_key
    union
    select
        first_posts.message_key,
        first_posts.channel_name,
        first_posts.message_id
    from first_posts
    inner join {{ this }} as stored on first_posts.message_key = stored.message_key
    where stored.is_repost;
    create unique index on affected_messages (message_key);
    analyze affected_messages;

    {{ list_rows('touched_albums') }}
    select albums.album_key
    from changed_messages
    cross join unnest(array[album_key, former_album_key]) as albums (album_key)
    where albums.album_key is not null
    union
    select stored.album_key
    from affected_messages
    inner join {{ this }} as stored on affected_messages.message_key = stored.message_key
    where stored.album_key is not null;
    analyze touched_albums;
    insert into affected_messages (message_key, channel_name, message_id)
    select
        siblings.message_key,
        siblings.channel_name,
        siblings.message_id
    from touched_albums
    inner join {{ this }} as siblings on touched_albums.album_key = siblings.album_key
    on conflict do nothing;
    analyze affected_messages
    {%- endif %}
{%- endmacro %}
