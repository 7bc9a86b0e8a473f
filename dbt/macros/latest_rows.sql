{#- The newest row of every key among the parts of tonight's snapshot. Equal times are decided by the part's name and
    then by the row's place in it, so that every build decides alike. -#}
{% macro latest_rows(table, keys, newest) %}
    select *
    from {{ source('raw', table) }}
    where part in (
        select part from {{ source('raw', 'parts') }}
        where table_name = '{{ table }}' and state <> 'removed'
    )
    qualify row_number() over (
        partition by {{ keys | join(', ') }}
        order by {{ newest }} desc, part desc, part_row desc
    ) = 1
{% endmacro %}
