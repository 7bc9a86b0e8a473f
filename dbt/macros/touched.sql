{#- An incremental mart recomputes the touched keys and no others: `delete_touched` is its pre-hook, `only_touched`
    its filter. The rows of a key that left the snapshot are deleted and not computed again. -#}
{% macro delete_touched(key) %}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where {{ key }} in (select {{ key }} from {{ ref('touched_' ~ key.removesuffix('_id') ~ 's') }})
    {%- endif -%}
{% endmacro %}

{% macro only_touched(key, relation) %}
    {%- set touched = ref('touched_' ~ key.removesuffix('_id') ~ 's') -%}
    {%- if is_incremental() -%}
        and {{ relation }}.{{ key }} in (select touched.{{ key }} from {{ touched }} as touched)
    {%- endif -%}
{% endmacro %}
