{#-
Surrogate keys, made from business keys only, so that foreign keys survive a rebuild. A message's number comes last
and holds digits only, so no two pairs share a key whatever a channel is called.
-#}
{% macro channel_key(channel_name) -%}
    md5({{ channel_name }})
{%- endmacro %}

{% macro message_key(channel_name, message_id) -%}
    md5({{ channel_name }} || ':' || {{ message_id }})
{%- endmacro %}

{% macro offer_key(channel_name, message_id, offer_index) -%}
    md5({{ channel_name }} || ':' || {{ message_id }} || ':' || {{ offer_index }})
{%- endmacro %}

{#- A strength may hold any mark (1:1000) and may be missing: an array's text quotes the one and tells the other. -#}
{% macro product_key(product_name, product_strength, product_form) -%}
    md5(cast(array[{{ product_name }}, {{ product_strength }}, {{ product_form }}] as text))
{%- endmacro %}
