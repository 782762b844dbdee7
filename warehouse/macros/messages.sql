{#-
A message as it is now. Which texts are the same post is told by the extractor (repost_key). Where a text says too little
for that, or there is none, the photo decides, and the text to the letter.
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
            when photos.sha256 is not null
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
