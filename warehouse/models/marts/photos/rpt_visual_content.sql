{{ config(indexes=[{'columns': ['visual_content_key'], 'unique': True}]) }}

{{ sums_of_categories(ref('int_visual_months'), 'image_category', 'visual_content_key') }}
