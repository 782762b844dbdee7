{#- The last part of a path, whichever system wrote it. -#}
{% macro file_name(path) -%}
    regexp_replace({{ path }}, '^.*[/\\]', '')
{%- endmacro %}

{#-
Photos that are left from an earlier build, which this one did not write again: their message no longer names one, or
they were a file without a message and now have one.
-#}
{% macro delete_images_left_over() -%}
    {%- if is_incremental() %}
    {%- set since = read_up_to() %}
    delete from {{ this }} as stored
    using {{ ref('fct_messages') }} as messages
    where
        messages.updated_at >= {{ since }}
        and stored.updated_at < now()
        and stored.message_key = messages.message_key;
    delete from {{ this }} as stored
    using {{ ref('fct_messages') }} as messages
    where
        messages.updated_at >= {{ since }}
        and stored.updated_at < now()
        and stored.message_id is null
        and stored.channel_name = messages.channel_name
        and {{ file_name('stored.image_path') }} = {{ file_name('messages.image_path') }}
    {%- endif %}
{%- endmacro %}

{#- Months whose photos or messages changed since a moment; photos without a message have none, and are few: always. -#}
{% macro changed_image_months() -%}
    {%- set since = read_up_to() -%}
    select
        channel_key,
        {{ month_key('coalesce(date_key, 0)') }} as month_key
    from {{ ref('fct_images') }}
    where updated_at >= {{ since }}
    union
    -- Such a photo may have found its message, and its channel may have no other.
    select distinct
        channel_key,
        {{ month_key('0') }} as month_key
    from {{ this }}
    where month_key = {{ month_key('0') }}
    union
    ({{ changed_periods(since, 'month') }})
{%- endmacro %}

{% macro delete_changed_image_months() -%}
    {%- if is_incremental() %}
    delete from {{ this }} as stored
    using ({{ changed_image_months() }}) as periods
    where stored.channel_key = periods.channel_key and stored.month_key = periods.month_key
    {%- endif %}
{%- endmacro %}

{#- The photos of these months, or all. -#}
{% macro images_of_changed_months() -%}
    select
        images.*,
        {{ month_key('coalesce(images.date_key, 0)') }} as month_key
    from {{ ref('fct_images') }} as images
    {#- Also where dbt only parses, so that it learns what the model reads. -#}
    {%- if not execute or is_incremental() %}
    inner join ({{ changed_image_months() }}) as periods
        on images.channel_key = periods.channel_key and images.date_key between periods.month_key and periods.month_key + 30
    union all
    select
        *,
        {{ month_key('0') }} as month_key
    from {{ ref('fct_images') }}
    where date_key is null
    {%- endif %}
{%- endmacro %}
