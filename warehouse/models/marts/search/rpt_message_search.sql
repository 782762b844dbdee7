{{
    config(
        meta={'written': {'by': 'rpt_message_search', 'column': 'updated_at'}, 'is_stored_in_line': true},
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='message_key',
        post_hook="{{ index_trigrams('search_text') }}",
        indexes=[
            {'columns': ['message_key'], 'unique': True},
            {'columns': ['search_vector'], 'type': 'gin'},
            {'columns': ['message_timestamp', 'message_key']},
            {'columns': ['channel_key', 'message_timestamp']},
            {'columns': ['updated_at']},
        ],
    )
}}

-- Folded once, for search and for every list of terms: letters that sound alike, decorated letters and case do not
-- count. The configuration 'simple', because no stemmer knows Amharic, and an English one would spoil names of drugs.
with messages as (
    select
        all_messages.*,
        priced.has_price
    from {{ ref('fct_messages') }} as all_messages
    left join lateral (
        select count(*) > 0 as has_price
        from {{ ref('stg_offers__message_offers') }} as offers
        where
            offers.channel_name = all_messages.channel_name
            and offers.message_id = all_messages.message_id
            and offers.price is not null
            and offers.availability <> 'stock_out'
    ) as priced on true
    {% if is_incremental() -%}
    where all_messages.updated_at >= {{ read_up_to() }}
    {%- endif %}
),

-- Of thousands whose counters moved, those of which search tells something else: the index is slow to write.
texts as (
    select
        messages.message_key,
        messages.channel_key,
        messages.channel_name,
        messages.message_id,
        messages.message_timestamp,
        messages.genre,
        messages.has_image,
        messages.is_original_post,
        messages.has_price,
        {{ fold_words('messages.message_text') }} as search_text
    from messages
    {% if is_incremental() -%}
    left join {{ this }} as stored on messages.message_key = stored.message_key
    where
        messages.content_updated_at >= {{ read_up_to() }}
        or (messages.genre, messages.has_image, messages.is_original_post, messages.has_price)
        is distinct from (stored.genre, stored.has_image, stored.is_original_post, stored.has_price)
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
    -- Filters as words that no text can hold, so that one index answers both: of two indexes, one would find too much.
    to_tsvector('simple', search_text)
    || array_to_tsvector(array_remove(
        array[
            '§channel=' || channel_key,
            '§genre=' || genre,
            case when has_image then '§image' end,
            case when is_original_post then '§original' end,
            case when has_price then '§price' end
        ],
        null
    )) as search_vector,

    -- what kind of message it is
    genre,
    has_image,
    is_original_post,
    has_price,

    -- timestamps
    now() as updated_at
from texts
{% if not is_incremental() %}
-- Rows of one time lie together then, and are read together.
order by message_timestamp
{% endif %}
