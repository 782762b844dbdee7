-- A name answered twice would double each of its offers; a name without letters would match none, and a product of two
-- classes would lose one of them.
with answers as (
    select
        product_class,
        {{ fold_words('name') }} as folded_name,
        {{ fold_words('product') }} as folded_product
    from {{ ref('product_answers') }}
)

select
    'name' as entry_type,
    folded_name as entry
from answers
group by folded_name
having count(*) > 1 or folded_name = ''
union all
select
    'product' as entry_type,
    folded_product as entry
from answers
group by folded_product
having count(distinct product_class) > 1
