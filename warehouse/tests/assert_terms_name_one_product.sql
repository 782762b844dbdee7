-- A spelling listed under two products would count every mention twice; a product of two kinds would lose one of them.
with terms as (
    select
        product,
        kind,
        {{ fold_words('term') }} as folded_term
    from {{ ref('product_terms') }}
)

select
    'term' as entry_type,
    folded_term as entry
from terms
group by folded_term
having count(distinct product) > 1 or folded_term = ''
union all
select
    'product' as entry_type,
    product as entry
from terms
group by product
having count(distinct kind) > 1
