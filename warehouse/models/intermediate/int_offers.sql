{{
    config(
        tags=['reposts'],
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='offer_key',
        pre_hook="{{ list_changed_offers() }}",
        meta={'written': {'by': 'int_offers', 'column': 'updated_at'}, 'seeds': ['product_answers']},
        indexes=[
            {'columns': ['offer_key'], 'unique': True},
            {'columns': ['message_key']},
            {'columns': ['product_key', 'price']},
            {'columns': ['product_key', 'offer_timestamp', 'offer_key']},
            {'columns': ['channel_key', 'date_key']},
            {'columns': ['line_key', 'offer_timestamp', 'message_id', 'offer_index']},
            {'columns': ['updated_at']},
        ],
    )
}}

{%- set is_whole = is_built_whole() %}

with answers as (
    select
        product,
        generic,
        brand,
        product_class,
        {{ fold_words('name') }} as name_key
    from {{ ref('product_answers') }}
),

-- An answer replaces the link as a whole: an ingredient that the reviewer left empty is none, not the extractor's.
linked as materialized (
    select
        offers.*,
        coalesce(answers.product, offers.product_name) as linked_name,
        case when answers.name_key is null then offers.generic else answers.generic end as linked_generic,
        case when answers.name_key is null then offers.brand else answers.brand end as linked_brand,
        coalesce(answers.product_class, offers.product_class) as linked_class,
        case when answers.name_key is null then offers.link_method else 'answer' end as linked_by,
        case when answers.name_key is null then offers.link_score else 1 end as linked_score,
        {{ line_key('offers') }} as line_key,
        messages.message_key,
        messages.channel_key,
        messages.date_key,
        messages.is_forward,
        messages.is_repost as is_message_repost,
        messages.is_deleted,
        messages.message_timestamp as offer_timestamp
    from {{ ref('stg_offers__message_offers') }} as offers
    {% if not is_whole -%}
    inner join changed_offer_messages as changed
        on offers.channel_name = changed.channel_name and offers.message_id = changed.message_id
    inner join {{ ref('fct_messages') }} as messages on changed.message_key = messages.message_key
    {%- else -%}
    inner join {{ ref('fct_messages') }} as messages
        on offers.channel_name = messages.channel_name and offers.message_id = messages.message_id
    {%- endif %}
    left join answers on offers.name_key = answers.name_key
),

-- Names that differ in case or punctuation are one product: a name without a link may be as its writer spelled it, and
-- an answer is as its reviewer did. Each different name is folded once, however many offers carry it. What has no
-- letter that folding keeps (Cyrillic, say) stays as it is.
folded_names as materialized (
    select
        linked_name,
        coalesce(nullif({{ fold_words('linked_name') }}, ''), lower(linked_name)) as folded_name
    from (select distinct linked.linked_name from linked) as names
),

-- A line is a repetition where its channel said the same before.
first_lines as materialized (
    select distinct on (line_key)
        line_key,
        offer_key
    from (
        select
            line_key,
            {{ offer_key('channel_name', 'message_id', 'offer_index') }} as offer_key,
            offer_timestamp,
            message_id,
            offer_index
        from linked
        {% if not is_whole -%}
        union all
        select
            line_key,
            offer_key,
            offer_timestamp,
            message_id,
            offer_index
        from first_of_others
        {% endif %}
    ) as lines
    order by line_key asc, offer_timestamp asc, message_id asc, offer_index asc
),

offers as (
    select
        {{ offer_key('linked.channel_name', 'linked.message_id', 'linked.offer_index') }} as offer_key,
        linked.message_key,
        {{ product_key('folded_names.folded_name', 'linked.product_strength', 'linked.product_form') }} as product_key,
        linked.channel_key,
        linked.date_key,
        linked.line_key,
        linked.channel_name,
        linked.message_id,
        linked.offer_index,
        linked.name,
        linked.name_key,
        linked.linked_by as link_method,
        cast(linked.linked_score as real) as link_score,
        linked.linked_name,
        folded_names.folded_name,
        linked.linked_class as product_class,
        linked.linked_generic as generic,
        linked.linked_brand as brand,
        linked.strength,
        linked.product_strength,
        linked.form,
        linked.product_form,
        linked.pack,
        linked.pack_units,
        linked.price,
        linked.prices,
        linked.currency,
        linked.old_price,
        linked.expiry_date,
        linked.seller,
        linked.availability,
        linked.confidence,
        linked.span_start,
        linked.span_end,
        linked.is_forward,
        linked.is_message_repost,
        linked.is_deleted,
        linked.offer_timestamp
    from linked
    inner join folded_names on linked.linked_name = folded_names.linked_name
    {% if not is_whole -%}
    union all
    -- Lines of other messages: the one that is first now, and the one that was.
    select
        stored.offer_key,
        stored.message_key,
        stored.product_key,
        stored.channel_key,
        stored.date_key,
        stored.line_key,
        stored.channel_name,
        stored.message_id,
        stored.offer_index,
        stored.name,
        stored.name_key,
        stored.link_method,
        stored.link_score,
        stored.linked_name,
        stored.folded_name,
        stored.product_class,
        stored.generic,
        stored.brand,
        stored.strength,
        stored.product_strength,
        stored.form,
        stored.product_form,
        stored.pack,
        stored.pack_units,
        stored.price,
        stored.prices,
        stored.currency,
        stored.old_price,
        stored.expiry_date,
        stored.seller,
        stored.availability,
        stored.confidence,
        stored.span_start,
        stored.span_end,
        stored.is_forward,
        stored.is_message_repost,
        stored.is_deleted,
        stored.offer_timestamp
    from first_of_others
    inner join first_lines on first_of_others.line_key = first_lines.line_key
    inner join {{ this }} as stored on first_of_others.offer_key = stored.offer_key
    where (first_of_others.offer_key = first_lines.offer_key) <> first_of_others.is_first_line
    {% endif %}
)

select
    offers.*,
    first_lines.offer_key = offers.offer_key as is_first_line,
    offers.is_forward or offers.is_message_repost or first_lines.offer_key <> offers.offer_key as is_repost,
    now() as updated_at
from offers
inner join first_lines on offers.line_key = first_lines.line_key
{% if not is_incremental() %}
-- Rows of one time lie together then, and are read together.
order by offers.offer_timestamp
{% endif %}
