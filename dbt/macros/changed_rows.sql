{#- Every row that was added or removed since the marts were last built. -#}
{% macro changed_rows(table) %}
    select *
    from {{ source('raw', table) }}
    where part in (
        select part from {{ source('raw', 'parts') }}
        where table_name = '{{ table }}' and state <> 'processed'
    )
{% endmacro %}
