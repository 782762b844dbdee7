-- A spelling listed under two products would count every mention twice; a product of two kinds would lose one of them.
select 'term' as what, {{ fold_words('term') }} as name
from {{ ref('product_terms') }}
group by {{ fold_words('term') }}
having count(distinct product) > 1 or {{ fold_words('term') }} = ''
union all
select 'product', product
from {{ ref('product_terms') }}
group by product
having count(distinct kind) > 1
