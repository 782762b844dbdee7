{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='image_key',
        on_schema_change='append_new_columns',
        post_hook=["{{ delete_images_left_over() }}", "{{ remember_build() }}"],
        indexes=[
            {'columns': ['image_key'], 'unique': True},
            {'columns': ['message_key']},
            {'columns': ['image_path']},
            {'columns': ['sha256']},
            {'columns': ['date_key', 'channel_key']},
            {'columns': ['updated_at']},
        ],
    )
}}

with all_scans as (
    select
        *,
        {{ file_name('image_path') }} as file_name
    from {{ ref('stg_yolo__image_scans') }}
),

naming_messages as (
    select
        *,
        {{ file_name('image_path') }} as file_name
    from {{ ref('fct_messages') }}
    where image_path is not null
),

{% if is_incremental() %}
{%- set since = read_up_to() %}
changed_scans as materialized (
    select *
    from all_scans
    where loaded_at >= {{ since }}
),

changed_messages as materialized (
    select
        channel_name,
        message_id,
        {{ file_name('image_path') }} as file_name
    from {{ ref('fct_messages') }}
    where updated_at >= {{ since }}
),

-- Photos that may have changed: by their message, or by their path where they have none.
changed as materialized (
    select
        channel_name,
        message_id,
        null as image_path
    from changed_messages
    union
    select
        channel_name,
        message_id,
        case when message_id is null then image_path end as image_path
    from changed_scans
    union
    select
        changed_scans.channel_name,
        found.message_id,
        null as image_path
    from changed_scans
    cross join lateral (
        select naming_messages.message_id
        from naming_messages
        where
            naming_messages.channel_key = {{ channel_key('changed_scans.channel_name') }}
            and naming_messages.file_name = changed_scans.file_name
    ) as found
    where changed_scans.message_id is null
    union
    select
        nameless.channel_name,
        null as message_id,
        nameless.image_path
    from changed_messages
    inner join all_scans as nameless
        on
            changed_messages.channel_name = nameless.channel_name
            and changed_messages.file_name = nameless.file_name
    where nameless.message_id is null
),

-- And their copies: which of them came first may have changed.
copied as materialized (
    select all_scans.sha256
    from changed
    inner join all_scans
        on changed.channel_name = all_scans.channel_name and changed.message_id = all_scans.message_id
    union
    select all_scans.sha256
    from changed
    inner join all_scans on changed.image_path = all_scans.image_path
    union
    select stored.sha256
    from changed
    inner join {{ this }} as stored
        on {{ message_key('changed.channel_name', 'changed.message_id') }} = stored.message_key
    union
    select stored.sha256
    from changed
    inner join {{ this }} as stored on changed.image_path = stored.image_path
),

affected as materialized (
    select
        changed.channel_name,
        changed.message_id,
        changed.image_path
    from changed
    union
    select
        stored.channel_name,
        stored.message_id,
        case when stored.message_id is null then stored.image_path end as image_path
    from {{ this }} as stored
    inner join copied on stored.sha256 = copied.sha256
),

scanned as (
    select all_scans.*
    from affected
    inner join all_scans
        on affected.channel_name = all_scans.channel_name and affected.message_id = all_scans.message_id
    union
    select all_scans.*
    from affected
    inner join all_scans on affected.image_path = all_scans.image_path
    union
    -- A message may be among them because it names a file without a number.
    select nameless.*
    from affected
    inner join naming_messages
        on affected.channel_name = naming_messages.channel_name and affected.message_id = naming_messages.message_id
    inner join all_scans as nameless
        on naming_messages.channel_name = nameless.channel_name and naming_messages.file_name = nameless.file_name
    where nameless.message_id is null
),

messages as (
    select naming_messages.*
    from naming_messages
    inner join affected
        on naming_messages.channel_name = affected.channel_name and naming_messages.message_id = affected.message_id
),
{% else %}
scanned as (
    select *
    from all_scans
),

messages as (
    select *
    from naming_messages
),
{% endif %}

-- A file whose name is no number belongs to the message that names it: same channel, same file name.
scans as (
    select
        scanned.image_path,
        scanned.lake,
        scanned.channel_name,
        scanned.sha256,
        scanned.image_status,
        scanned.image_category,
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
        all_messages.forwards
    from photos
    left join {{ ref('fct_messages') }} as all_messages
        on photos.channel_name = all_messages.channel_name and photos.message_id = all_messages.message_id
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
        image_status,
        image_category,
        num_detections,
        width_pixels,
        height_pixels,
        views,
        forwards
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
        'absent' as image_status,
        null as image_category,
        null as num_detections,
        null as width_pixels,
        null as height_pixels,
        views,
        forwards
    from named_but_absent
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

    -- what it is
    image_status,
    image_category,
    num_detections,
    width_pixels,
    height_pixels,
    message_key is not null as has_message,
    sha256 is not null and row_number() over (
        partition by sha256
        order by message_timestamp nulls last, channel_name, message_id nulls last, image_path
    ) > 1 as is_duplicate,

    -- engagement of the message
    views,
    forwards,

    -- timestamps
    now() as updated_at
from images
