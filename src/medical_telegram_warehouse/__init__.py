"""Turns public Telegram shop channels into a tested PostgreSQL warehouse.

Data flows one way: a source is scraped into the lake (files), the lake is loaded into the `raw` schema,
dbt builds the marts, photos are scanned for objects and joined in. Each room works without the others;
`orchestration` alone knows Dagster. See docs/architecture.md.
"""
