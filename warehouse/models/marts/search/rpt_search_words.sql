{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        post_hook="{{ index_trigrams('word') }}",
        indexes=[{'columns': ['word'], 'unique': True}],
    )
}}

-- Every word of every text, also of texts before their edits, so that the list only grows. Parts of words are looked up
-- here, in a table far smaller than the messages', and the words found are searched for: no extension is needed.
-- Numbers are left out; each price and telephone number would be a word.
with texts as (
    select search_text
    from {{ ref('rpt_message_search') }}
    {%- if is_incremental() %}
    {%- set since = read_up_to() %}
    where updated_at >= {{ since }}
    {%- endif %}
    union all
    select {{ fold_words('message_text') }} as search_text
    from {{ ref('stg_telegram__message_texts') }}
    {%- if is_incremental() %}
    where loaded_at >= {{ since }}
    {%- endif %}
),

words as (
    select distinct left(found.word, 100) as word
    from texts
    cross join unnest(string_to_array(texts.search_text, ' ')) as found (word)
    where found.word !~ '^[0-9]*$'
)

select
    words.word,
    char_length(words.word) as word_length
from words
{% if is_incremental() %}
where
    not exists (
        select
        from {{ this }} as known
        where known.word = words.word
    )
{% endif %}
