{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_image_months() }}",
        indexes=[{'columns': ['channel_key', 'month_key']}],
    )
}}

{{ months_of_categories('content_category') }}
