{#- The time from which on tickets evaluate; earlier ones train. -#}
{% macro split_at() -%}
    cast('{{ var("split_at") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}
