-- A warning, because other scrapers' lakes hold photos of messages that they did not keep. Such photos count as photos
-- but have neither date nor views.
{{ config(severity='warn', tags=['photos']) }}
select
    image_key,
    image_path
from {{ ref('fct_images') }}
where not has_message
