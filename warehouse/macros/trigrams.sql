{#-
An index for parts of words where the server has pg_trgm and this user may use it; the embedded one has not, and search
does without.
-#}
{% macro index_trigrams(column) -%}
    do $$ begin
        if exists (select from pg_extension where extname = 'pg_trgm') then
            execute format(
                'create index if not exists %I on {{ this }} using gin ({{ column }} %I.gin_trgm_ops)',
                '{{ this.identifier }}_{{ column }}_trgm',
                (select nspname from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'pg_trgm')
            );
        end if;
    end $$
{%- endmacro %}
