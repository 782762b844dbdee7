"""The pages for people: server-rendered HTML over the same repositories and queries as the API.

    address -> form (filters, checked) -> repositories of the nouns -> a page's module -> template -> HTML

Belongs here: pages, their filters, numbers and times as people read them, charts as data. A module per page, a template
per page, `rendering` for what all have in common; a query of a page's own is a `.sql` file here, what an endpoint of
the API asks too lies with its noun. Does not belong here: what a number means (the marts say it), how it is drawn (the
scripts and the style sheet in `static` do).

All state is in the address: filters are GET forms that work without scripts, so a page can be sent to somebody, and the
edge keeps it like an answer of the API.
"""
