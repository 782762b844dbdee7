{{
    config(
        meta={'written': {'by': 'rpt_message_search', 'column': 'updated_at'}},
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='message_key',
        post_hook="{{ index_trigrams('search_text') }}",
        indexes=[
            {'columns': ['message_key'], 'unique': True},
            {'columns': ['search_vector'], 'type': 'gin'},
            {'columns': ['updated_at']},
        ],
    )
}}

-- Folded once, for search and for every list of terms: letters that sound alike, decorated letters and case do not
-- count. The configuration 'simple', because no stemmer knows Amharic, and an English one would spoil names of drugs.
with messages as (
    select
        message_key,
        channel_key,
        channel_name,
        message_id,
        message_timestamp,
        {{ fold_words('message_text') }} as search_text
    from {{ ref('fct_messages') }}
    {%- if is_incremental() %}
    where content_updated_at >= {{ read_up_to() }}
    {%- endif %}
)

select
    -- keys
    message_key,
    channel_key,

    -- identifiers
    channel_name,
    message_id,
    message_timestamp,

    -- text
    search_text,
    to_tsvector('simple', search_text) as search_vector,

    -- timestamps
    now() as updated_at
from messages
{% if not is_incremental() %}
-- Rows of one time lie together then, and are read together.
order by message_timestamp
{% endif %}
