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
