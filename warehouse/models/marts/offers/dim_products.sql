{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_all_rows() }}",
        indexes=[{'columns': ['product_key'], 'unique': True}, {'columns': ['product_name']}],
    )
}}

-- From the offers, as dim_channels is from the messages: every offer then has its product by construction. Where offers
-- of one product disagree, the most frequent value holds, the first of the alphabet among equals; what an offer without
-- a link says counts only where no other offer says anything.
with names as (
    select *
    from {{ ref('int_offer_name_months') }}
),

-- One spelling for all strengths and forms: one that somebody vouches for, then the most frequent.
spellings as (
    select distinct on (folded_name)
        folded_name,
        linked_name as product_name
    from (
        select
            folded_name,
            linked_name,
            bool_or(link_method <> 'none') as is_known,
            sum(offer_count) as offer_count
        from names
        group by folded_name, linked_name
    ) as counted
    order by folded_name asc, is_known desc, offer_count desc, linked_name asc
),

generics as (
    select distinct on (product_key)
        product_key,
        generic
    from names
    where generic is not null
    group by product_key, generic
    order by product_key asc, sum(offer_count) desc, generic asc
),

classes as (
    select distinct on (product_key)
        product_key,
        product_class
    from names
    group by product_key, product_class
    order by
        product_key asc,
        coalesce(sum(offer_count) filter (where link_method <> 'none'), 0) desc,
        sum(offer_count) desc,
        product_class asc
),

products as (
    select
        product_key,
        min(folded_name) as folded_name,
        min(product_strength) as strength,
        min(product_form) as form,
        case when count(brand) = count(*) and min(brand) = max(brand) then min(brand) end as brand,
        array_agg(distinct brand order by brand) filter (where brand is not null) as brands,
        bool_or(link_method <> 'none') as is_known,
        count(distinct name) as name_count
    from names
    group by product_key
)

select
    products.product_key,
    spellings.product_name,
    products.strength,
    products.form,
    generics.generic,
    products.brand,
    coalesce(products.brands, '{}') as brands,
    classes.product_class,
    products.is_known,
    products.name_count
from products
inner join spellings on products.folded_name = spellings.folded_name
inner join classes on products.product_key = classes.product_key
left join generics on products.product_key = generics.product_key
