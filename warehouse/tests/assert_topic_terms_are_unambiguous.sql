-- A term of two topics would count its messages twice, whatever they are about; one without a letter finds nothing.
with terms as (
    select
        topic,
        {{ fold_words('term') }} as folded_term
    from {{ ref('topic_terms') }}
)

select folded_term
from terms
group by folded_term
having count(distinct topic) > 1 or folded_term = ''
