"""Files on disk: where they lie, how lines are appended, how any lake is read back, where photos are.

Knows nothing of databases or of where messages come from. Two kinds of lake are read alike: our own, which
`writer` appends to, and lakes that other scrapers wrote, which are only ever read.
"""
