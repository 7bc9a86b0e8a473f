{#- An incremental mart recomputes the touched keys and no others: `forget_touched` is its pre-hook,
    `only_touched` its filter. A key that vanished is forgotten and not computed again. -#}
{% macro forget_touched(key) %}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where {{ key }} in (select {{ key }} from {{ ref('touched_' ~ key.removesuffix('_id') ~ 's') }})
    {%- endif -%}
{% endmacro %}

{% macro only_touched(key, relation) %}
    {%- set touched = ref('touched_' ~ key.removesuffix('_id') ~ 's') -%}
    {%- if is_incremental() -%}
        and {{ relation }}.{{ key }} in (select {{ key }} from {{ touched }})
    {%- endif -%}
{% endmacro %}
