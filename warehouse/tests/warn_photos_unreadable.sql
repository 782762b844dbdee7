-- A warning, because channels do post videos under a photo's name and downloads do break; many at once would point to
-- a fault of the scraper.
{{ config(severity='warn', tags=['photos']) }}
select
    image_key,
    image_path
from {{ ref('fct_images') }}
where image_status = 'unreadable'
