{{ config(meta={'written': {'by': 'int_message_terms', 'column': 'updated_at'}}, materialized='view') }}

-- A view over the terms that were found: which of them are topics.
select
    -- keys
    md5(terms.message_key || ':' || terms.label) as message_topic_key,
    terms.message_key,
    messages.channel_key,
    messages.date_key,

    -- identifiers
    messages.channel_name,
    messages.message_id,

    -- the topic
    terms.label as topic,

    -- timestamps
    terms.updated_at
from {{ ref('int_message_terms') }} as terms
inner join {{ ref('fct_messages') }} as messages on terms.message_key = messages.message_key
where terms.vocabulary = 'topic'
