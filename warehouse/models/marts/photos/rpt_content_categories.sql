{{ config(indexes=[{'columns': ['content_category_key'], 'unique': True}]) }}

{{ sums_of_categories(ref('int_content_months'), 'content_category', 'content_category_key') }}
