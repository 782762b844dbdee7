{{ config(indexes=[{'columns': ['product'], 'unique': True}]) }}

with terms as (
    select
        product,
        kind,
        string_to_array({{ fold_words('term') }}, ' ') as term_words
    from {{ ref('product_terms') }}
),

vocabulary as materialized (
    select distinct
        product,
        kind,
        term_words[1] as first_word,
        term_words[2:] as other_words,
        cardinality(term_words) as word_count
    from terms
),

-- Each text is read once, however often it was posted. Materialized, because the planner would otherwise fold it again
-- for every phrase that it compares.
texts as materialized (
    select
        text_key,
        string_to_array({{ fold_words('message_text') }}, ' ') as text_words
    from {{ ref('fct_messages') }}
    where text_key is not null and not is_repost
),

-- Amharic writes "of", "to", "at" and "from" as a letter before the word, so such a word is looked up both ways.
candidates as (
    select
        texts.text_key,
        texts.text_words,
        words.word_position,
        spellings.word
    from texts
    cross join unnest(texts.text_words) with ordinality as words (word, word_position)
    cross join unnest(array[
        words.word,
        case when left(words.word, 1) in ('የ', 'ለ', 'በ', 'ከ') then substr(words.word, 2) end
    ]) as spellings (word)
),

-- An equality on the first word is a hash join: the cost is words plus terms, not words times terms.
text_products as (
    select distinct
        candidates.text_key,
        vocabulary.product,
        vocabulary.kind
    from candidates
    inner join vocabulary on candidates.word = vocabulary.first_word
    where
        vocabulary.word_count = 1
        or vocabulary.other_words
        = candidates.text_words[candidates.word_position + 1:candidates.word_position + vocabulary.word_count - 1]
),

mentions as (
    select
        text_products.product,
        min(text_products.kind) as kind,
        count(*) as mention_count,
        count(*) filter (where not fct_messages.is_repost) as distinct_mention_count,
        array_agg(distinct fct_messages.channel_name order by fct_messages.channel_name) as channels,
        sum(fct_messages.views) as total_views,
        sum(fct_messages.forwards) as total_forwards,
        sum(fct_messages.views) filter (where fct_messages.is_original_post) as original_views,
        min(fct_messages.date_key) as first_date_key,
        max(fct_messages.date_key) as last_date_key
    from text_products
    inner join {{ ref('fct_messages') }} as fct_messages on text_products.text_key = fct_messages.text_key
    group by text_products.product
)

select
    product,
    kind,
    mention_count,
    distinct_mention_count,
    channels,
    cardinality(channels) as channel_count,
    cast(total_views as bigint) as total_views,
    cast(total_forwards as bigint) as total_forwards,
    cast(original_views as bigint) as original_views,
    {{ date_of_key('first_date_key') }} as first_mention_date,
    {{ date_of_key('last_date_key') }} as last_mention_date
from mentions
