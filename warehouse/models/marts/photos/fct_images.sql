{{
    config(
        meta={'written': {'by': 'fct_images', 'column': 'updated_at'}},
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_images() }}",
        indexes=[
            {'columns': ['image_key'], 'unique': True},
            {'columns': ['message_key']},
            {'columns': ['image_group']},
            {'columns': ['channel_key', 'date_key']},
            {'columns': ['message_timestamp', 'image_key']},
            {'columns': ['channel_key', 'message_timestamp']},
            {'columns': ['content_category', 'message_timestamp']},
            {'columns': ['image_category', 'message_timestamp']},
            {'columns': ['is_first_use', 'use_count']},
            {'columns': ['image_status', 'message_timestamp']},
            {'columns': ['detected_classes'], 'type': 'gin'},
            {'columns': ['updated_at']},
        ],
    )
}}

with scanned as (
    select
        all_scans.*,
        {{ file_name('all_scans.image_path') }} as file_name
    from {{ ref('stg_yolo__image_scans') }} as all_scans
    {% if is_incremental() -%}
    inner join affected_scans on all_scans.image_path = affected_scans.image_path
    {% endif %}
),

messages as (
    select
        all_messages.*,
        {{ file_name('all_messages.image_path') }} as file_name
    from {{ ref('fct_messages') }} as all_messages
    {% if is_incremental() -%}
    inner join affected_images on all_messages.message_key = affected_images.image_key
    {% endif %}
    where all_messages.image_path is not null
),

-- A file whose name is no number belongs to the message that names it: same channel, same file name.
scans as (
    select
        scanned.image_path,
        scanned.lake,
        scanned.channel_name,
        scanned.sha256,
        scanned.image_group,
        scanned.image_status,
        scanned.image_category,
        scanned.offered_category,
        scanned.person_score,
        scanned.product_score,
        scanned.model,
        scanned.num_detections,
        scanned.width_pixels,
        scanned.height_pixels,
        coalesce(scanned.message_id, messages.message_id) as message_id
    from scanned
    left join messages
        on
            scanned.message_id is null
            and scanned.channel_name = messages.channel_name
            and scanned.file_name = messages.file_name
),

-- Several lakes may hold the photo of one message: the readable file wins, then our own lake's.
photos as (
    select distinct on (channel_name, message_id, case when message_id is null then image_path end) *
    from scans
    order by
        channel_name asc,
        message_id asc,
        case when message_id is null then image_path end asc,
        case image_status when 'ok' then 1 when 'unreadable' then 2 else 3 end asc,
        lake = 'own' desc,
        lake asc,
        image_path asc
),

-- The message of a photo need not name it (another scraper's lake), so photos look among all messages.
photos_with_messages as (
    select
        photos.*,
        all_messages.message_key,
        all_messages.date_key,
        all_messages.message_timestamp,
        all_messages.views,
        all_messages.forwards,
        coalesce({{ offers_a_product('all_messages') }}, albums.offers_a_product) as offers_a_product
    from photos
    left join {{ ref('fct_messages') }} as all_messages
        on {{ message_key('photos.channel_name', 'photos.message_id') }} = all_messages.message_key
    -- Of an album, any message may carry the text.
    left join lateral (
        select bool_or({{ offers_a_product('mates') }}) as offers_a_product
        from {{ ref('fct_messages') }} as mates
        where mates.album_key = all_messages.album_key
    ) as albums on true
),

named_but_absent as (
    select messages.*
    from messages
    left join photos
        on messages.channel_name = photos.channel_name and messages.message_id = photos.message_id
    where photos.channel_name is null
),

images as (
    select
        channel_name,
        message_id,
        message_key,
        date_key,
        message_timestamp,
        image_path,
        lake,
        sha256,
        image_group,
        image_status,
        image_category,
        offered_category,
        person_score,
        product_score,
        model,
        num_detections,
        width_pixels,
        height_pixels,
        views,
        forwards,
        offers_a_product
    from photos_with_messages
    union all
    select
        channel_name,
        message_id,
        message_key,
        date_key,
        message_timestamp,
        image_path,
        null as lake,
        null as sha256,
        null as image_group,
        'absent' as image_status,
        null as image_category,
        null as offered_category,
        null as person_score,
        null as product_score,
        null as model,
        null as num_detections,
        null as width_pixels,
        null as height_pixels,
        views,
        forwards,
        null as offers_a_product
    from named_but_absent
),

classes as (
    select
        detections.image_path,
        array_agg(distinct detections.detected_class order by detections.detected_class) as detected_classes
    from {{ ref('stg_yolo__detections') }} as detections
    {% if is_incremental() -%}
    inner join affected_scans on detections.image_path = affected_scans.image_path
    {% endif -%}
    where detections.detected_class is not null
    group by detections.image_path
),

-- What its own post does not say, the posts of its copies may: most of those that say anything. All copies are here.
told as (
    select
        images.*,
        case
            when images.image_category is null then null
            when images.offers_a_product is not null then images.offers_a_product
            when count(images.offers_a_product) over copies > 0
                then
                    2 * count(*) filter (where images.offers_a_product) over copies
                    >= count(images.offers_a_product) over copies
        end as is_product_offered,
        case when images.image_group is not null then min(images.message_timestamp) over copies end as first_used_at,
        case when images.image_group is not null then count(*) over copies end as use_count,
        case when images.num_detections is not null then coalesce(classes.detected_classes, '{}') end
            as detected_classes
    from images
    left join classes on images.image_path = classes.image_path
    window copies as (partition by images.image_group)
)

select
    -- keys
    case
        when message_id is null then md5('file:' || image_path)
        else {{ message_key('channel_name', 'message_id') }}
    end as image_key,
    {{ channel_key('channel_name') }} as channel_key,
    message_key,
    date_key,

    -- identifiers
    channel_name,
    message_id,
    image_path,
    lake,
    sha256,
    image_group,

    -- what it is
    image_status,
    image_category,
    case when is_product_offered then coalesce(offered_category, image_category) else image_category end
        as content_category,
    is_product_offered,
    person_score,
    product_score,
    model,
    num_detections,
    detected_classes,
    width_pixels,
    height_pixels,
    message_key is not null as has_message,
    sha256 is not null and row_number() over (
        partition by sha256
        order by message_timestamp nulls last, channel_name, message_id nulls last, image_path
    ) > 1 as is_duplicate,
    image_group is not null and row_number() over (
        partition by image_group
        order by message_timestamp nulls last, channel_name, message_id nulls last, image_path
    ) = 1 as is_first_use,
    use_count,

    -- when
    message_timestamp,
    first_used_at,

    -- engagement of the message
    views,
    forwards,

    -- timestamps
    now() as updated_at
from told
{% if not is_incremental() %}
-- Rows of one time lie together then, and are read together.
order by date_key
{% endif %}
