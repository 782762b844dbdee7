{#- The text as reposts are compared: case and white space do not count. Null for a text without any. -#}
{% macro fold_text(text_column) -%}
    nullif(btrim(regexp_replace(lower({{ text_column }}), '\s+', ' ', 'g')), '')
{%- endmacro %}

{#-
The text as words are compared: lower case, fullwidth and decorated letters as plain ones, the Ethiopic letters that
sound alike as one (ሐ ኀ ኸ as ሀ, ሠ as ሰ, ዐ as አ, ፀ as ጸ, in all their orders; ሃ as ሀ, ኣ as አ), and one blank for
whatever is neither letter nor digit. The letters stand as explicit ranges because [[:alnum:]] is ASCII only in a
database of locale C.
-#}
{% macro fold_words(text_column) -%}
    btrim(regexp_replace(
        translate(
            lower(normalize({{ text_column }}, nfkc)),
            'ሐሑሒሓሔሕሖኀኁኂኃኄኅኆኸኹኺኻኼኽኾሃሠሡሢሣሤሥሦዐዑዒዓዔዕዖኣፀፁፂፃፄፅፆ',
            'ሀሁሂሀሄህሆሀሁሂሀሄህሆሀሁሂሀሄህሆሀሰሱሲሳሴስሶአኡኢአኤእኦአጸጹጺጻጼጽጾ'
        ),
        '[^a-z0-9\u00df-\u024f\u1200-\u135f\u1380-\u138f\u2d80-\u2ddf]+', ' ', 'g'
    ))
{%- endmacro %}
