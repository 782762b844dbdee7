{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_changed_texts() }}",
        meta={'written': {'by': 'int_message_terms', 'column': 'updated_at'}, 'seeds': ['product_terms', 'topic_terms']},
        indexes=[{'columns': ['message_key']}, {'columns': ['updated_at']}],
    )
}}

{%- set is_whole = is_built_whole() %}

with terms as (
    select
        'product' as vocabulary,
        product as label,
        string_to_array({{ fold_words('term') }}, ' ') as term_words
    from {{ ref('product_terms') }}
    union all
    select
        'topic' as vocabulary,
        topic as label,
        string_to_array({{ fold_words('term') }}, ' ') as term_words
    from {{ ref('topic_terms') }}
),

phrases as materialized (
    select distinct
        vocabulary,
        label,
        term_words[1] as first_word,
        term_words[2:] as other_words,
        cardinality(term_words) as word_count
    from terms
),

-- Materialized, because the planner would otherwise split each text again for every phrase that it compares.
texts as materialized (
    select
        message_key,
        message_timestamp,
        string_to_array(search_text, ' ') as text_words
    from {{ ref('rpt_message_search') }}
    {%- if not is_whole %}
    where updated_at >= {{ read_up_to() }}
    {%- endif %}
),

-- Amharic writes "of", "to", "at" and "from" as a letter before the word, so such a word is looked up both ways.
candidates as (
    select
        texts.message_key,
        texts.message_timestamp,
        texts.text_words,
        words.word_position,
        spellings.word
    from texts
    cross join unnest(texts.text_words) with ordinality as words (word, word_position)
    cross join unnest(array[
        words.word,
        case when left(words.word, 1) in ('የ', 'ለ', 'በ', 'ከ') then substr(words.word, 2) end
    ]) as spellings (word)
)

-- An equality on the first word is a hash join: the cost is words plus terms, not words times terms. In the order of
-- time, so that the rows of a month lie together.
select
    candidates.message_key,
    phrases.vocabulary,
    phrases.label,
    now() as updated_at
from candidates
inner join phrases on candidates.word = phrases.first_word
where
    phrases.word_count = 1
    or phrases.other_words
    = candidates.text_words[candidates.word_position + 1:candidates.word_position + phrases.word_count - 1]
group by candidates.message_timestamp, candidates.message_key, phrases.vocabulary, phrases.label
order by candidates.message_timestamp
