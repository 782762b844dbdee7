{#- The last part of a path, whichever system wrote it. -#}
{% macro file_name(path) -%}
    regexp_replace({{ path }}, '^.*[/\\]', '')
{%- endmacro %}

{#-
Before fct_images is added to: which photos are written again, by their message, or by their path where they have none;
and their deletion. In tables, as in macros/messages.sql.
-#}
{% macro list_changed_images() -%}
    {%- if not execute or is_incremental() %}
    {%- set since = read_up_to() %}
    {{ list_rows('changed_image_messages') }}
    select
        message_key,
        channel_name,
        message_id,
        {{ file_name('image_path') }} as file_name
    from {{ ref('fct_messages') }}
    where updated_at >= {{ since }};
    analyze changed_image_messages;

    {{ list_rows('changed_scans') }}
    select
        channel_name,
        message_id,
        image_path
    from {{ ref('stg_yolo__image_scans') }}
    where loaded_at >= {{ since }};
    analyze changed_scans;

    {{ list_rows('nameless_scans') }}
    select
        channel_name,
        image_path,
        {{ file_name('image_path') }} as file_name
    from {{ ref('stg_yolo__image_scans') }}
    where message_id is null;
    analyze nameless_scans;

    {{ list_rows('changed_images') }}
    select
        channel_name,
        message_id,
        cast(null as text) as image_path
    from changed_image_messages
    union
    select
        channel_name,
        message_id,
        case when message_id is null then image_path end as image_path
    from changed_scans
    union
    -- A file without a number belongs to the message that names it.
    select
        changed_scans.channel_name,
        messages.message_id,
        null as image_path
    from changed_scans
    cross join lateral (
        select fct_messages.message_id
        from {{ ref('fct_messages') }} as fct_messages
        where
            fct_messages.channel_key = {{ channel_key('changed_scans.channel_name') }}
            and {{ file_name('fct_messages.image_path') }} = {{ file_name('changed_scans.image_path') }}
    ) as messages
    where changed_scans.message_id is null
    union
    select
        nameless_scans.channel_name,
        null as message_id,
        nameless_scans.image_path
    from changed_image_messages
    inner join nameless_scans
        on
            changed_image_messages.channel_name = nameless_scans.channel_name
            and changed_image_messages.file_name = nameless_scans.file_name;
    analyze changed_images;

    -- And the copies that they have or had: which came first may have changed, and what their posts say of them.
    {{ list_rows('copied_images') }}
    select scans.image_group
    from changed_images
    inner join {{ ref('stg_yolo__image_scans') }} as scans
        on changed_images.channel_name = scans.channel_name and changed_images.message_id = scans.message_id
    where scans.image_group is not null
    union
    select scans.image_group
    from changed_images
    inner join {{ ref('stg_yolo__image_scans') }} as scans on changed_images.image_path = scans.image_path
    where changed_images.image_path is not null and scans.image_group is not null
    union
    select stored.image_group
    from changed_images
    inner join {{ this }} as stored
        on {{ message_key('changed_images.channel_name', 'changed_images.message_id') }} = stored.image_key
    where stored.image_group is not null
    union
    select stored.image_group
    from changed_images
    inner join {{ this }} as stored on md5('file:' || changed_images.image_path) = stored.image_key
    where changed_images.image_path is not null and stored.image_group is not null;
    analyze copied_images;

    {{ list_rows('affected_images') }}
    select
        channel_name,
        message_id,
        image_path,
        coalesce({{ message_key('channel_name', 'message_id') }}, md5('file:' || image_path)) as image_key
    from changed_images
    union
    select
        stored.channel_name,
        stored.message_id,
        case when stored.message_id is null then stored.image_path end as image_path,
        stored.image_key
    from copied_images
    inner join {{ this }} as stored on copied_images.image_group = stored.image_group;
    create unique index on affected_images (image_key);
    analyze affected_images;

    {{ list_rows('affected_scans') }}
    select scans.image_path
    from affected_images
    inner join {{ ref('stg_yolo__image_scans') }} as scans
        on affected_images.channel_name = scans.channel_name and affected_images.message_id = scans.message_id
    union
    select image_path
    from affected_images
    where image_path is not null
    union
    select nameless_scans.image_path
    from affected_images
    inner join {{ ref('fct_messages') }} as messages on affected_images.image_key = messages.message_key
    inner join nameless_scans
        on
            messages.channel_name = nameless_scans.channel_name
            and {{ file_name('messages.image_path') }} = nameless_scans.file_name;
    create unique index on affected_scans (image_path);
    analyze affected_scans;

    delete from {{ this }} as stored
    using affected_images
    where stored.image_key = affected_images.image_key
    {%- endif %}
{%- endmacro %}

{#-
Before a summary of photos is added to: months whose photos or messages changed, and the deletion of what the summary
holds of them. Photos without a message have no month: they are few, and summed up anew each time.
-#}
{% macro list_changed_image_months() -%}
    {%- if not execute or is_incremental() %}
    {%- set since = read_up_to() %}
    {{ list_rows('changed_periods') }}
    select
        channel_key,
        {{ month_key('coalesce(date_key, 0)') }} as month_key
    from {{ ref('fct_images') }}
    where updated_at >= {{ since }}
    union
    ({{ changed_periods(since, 'month') }});
    {{ list_changed_days('month') }}
    delete from {{ this }} as stored
    using changed_periods
    where stored.channel_key = changed_periods.channel_key and stored.month_key = changed_periods.month_key;
    delete from {{ this }} where month_key = {{ month_key('0') }}
    {%- endif %}
{%- endmacro %}

{#- The photos of these months, or all. -#}
{% macro images_of_changed_months() -%}
    select
        images.*,
        {{ month_key('coalesce(images.date_key, 0)') }} as month_key
    from {{ ref('fct_images') }} as images
    {%- if is_incremental() %}
    inner join changed_days
        on images.channel_key = changed_days.channel_key and images.date_key = changed_days.date_key
    union all
    select
        *,
        {{ month_key('0') }} as month_key
    from {{ ref('fct_images') }}
    where date_key is null
    {%- endif %}
{%- endmacro %}

{#-
Whether a message offers a product: null where it says nothing, or has not been read.
-#}
{% macro offers_a_product(messages) -%}
    case
        when {{ messages }}.genre in ('single_product_ad', 'price_list', 'product_list')
            then {{ messages }}.offer_count > 0
        when {{ messages }}.genre <> 'media_only' then false
    end
{%- endmacro %}

{#- What photos show and earn by month, told by one kind of category. -#}
{% macro months_of_categories(category) -%}
with photos as (
    {{ images_of_changed_months() }}
),

counts as (
    select
        channel_key,
        channel_name,
        month_key,
        {{ category }},
        count(*) as photo_count,
        count(*) filter (where not is_duplicate) as distinct_photo_count,
        count(*) filter (where has_message) as posted_photo_count,
        coalesce(sum(num_detections), 0) as detection_count
    from photos
    where {{ category }} is not null
    group by channel_key, channel_name, month_key, {{ category }}
),

-- An album counts once in each category that its photos show.
posts as (
    select
        photos.channel_key,
        photos.month_key,
        photos.{{ category }},
        max(messages.views) as views
    from photos
    inner join {{ ref('fct_messages') }} as messages on photos.message_key = messages.message_key
    where photos.{{ category }} is not null and not messages.is_forward and messages.views is not null
    group by
        photos.channel_key,
        photos.month_key,
        photos.{{ category }},
        coalesce(messages.album_key, messages.message_key)
),

engagement as (
    select
        channel_key,
        month_key,
        {{ category }},
        count(*) as original_post_count,
        sum(views) as original_views
    from posts
    group by channel_key, month_key, {{ category }}
)

select
    counts.*,
    coalesce(engagement.original_post_count, 0) as original_post_count,
    engagement.original_views
from counts
left join engagement
    on
        counts.channel_key = engagement.channel_key
        and counts.month_key = engagement.month_key
        and counts.{{ category }} = engagement.{{ category }}
{%- endmacro %}

{#- The same over all months. -#}
{% macro sums_of_categories(months, category, key) -%}
with counts as (
    select
        channel_key,
        channel_name,
        {{ category }},
        cast(sum(photo_count) as bigint) as photo_count,
        cast(sum(distinct_photo_count) as bigint) as distinct_photo_count,
        cast(sum(posted_photo_count) as bigint) as posted_photo_count,
        cast(sum(detection_count) as bigint) as detection_count,
        cast(sum(original_post_count) as bigint) as original_post_count,
        sum(original_views) as original_views
    from {{ months }}
    group by channel_key, channel_name, {{ category }}
)

select
    -- keys
    md5(channel_name || ':' || {{ category }}) as {{ key }},
    channel_key,

    -- what people read
    channel_name,
    {{ category }},

    -- counts
    photo_count,
    distinct_photo_count,
    posted_photo_count,
    detection_count,

    -- engagement
    original_post_count,
    cast(original_views as bigint) as original_views,
    cast(round(original_views / nullif(original_post_count, 0), 2) as double precision) as avg_views
from counts
{%- endmacro %}
