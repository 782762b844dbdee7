{{ config(indexes=[{'columns': ['product_key'], 'unique': True}, {'columns': ['product_name']}]) }}

-- From fct_offers, as dim_channels is from fct_messages: every offer then has its product by construction. Where offers
-- of one product disagree, the most frequent value holds, the first of the alphabet among equals; what an offer
-- without a link says counts only where no other offer says anything.
with products as (
    select
        product_key,
        min(product_name) as product_name,
        min(product_strength) as strength,
        min(product_form) as form,
        mode() within group (order by generic) as generic,
        mode() within group (order by product_class) filter (where link_method <> 'none') as linked_class,
        mode() within group (order by product_class) as any_class,
        case when count(brand) = count(*) and min(brand) = max(brand) then min(brand) end as brand,
        array_agg(distinct brand order by brand) filter (where brand is not null) as brands,
        bool_or(link_method <> 'none') as is_known,
        count(distinct name) as name_count
    from {{ ref('fct_offers') }}
    group by product_key
)

select
    product_key,
    product_name,
    strength,
    form,
    generic,
    brand,
    coalesce(brands, '{}') as brands,
    coalesce(linked_class, any_class) as product_class,
    is_known,
    name_count
from products
