{#- The moment that divides training from evaluation. -#}
{% macro split_at() -%}
    cast('{{ var("split_at") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}
