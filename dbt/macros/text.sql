{#- Replace every match of an RE2 pattern. -#}
{% macro replace_all(text, pattern, replacement) %}
    {{- return(adapter.dispatch('replace_all')(text, pattern, replacement)) -}}
{% endmacro %}

{% macro default__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro bigquery__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, r'{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{#- What a ticket says: its subject, a blank line, its body. -#}
{% macro ticket_text(subject, body) -%}
    case
        when {{ subject }} = '' then {{ body }}
        when {{ body }} = '' then {{ subject }}
        else {{ dbt.concat([subject, 'chr(10)', 'chr(10)', body]) }}
    end
{%- endmacro %}

{#- Two texts with the same key are the same question: case, punctuation and spacing do not count. -#}
{% macro text_key(text) -%}
    {{ dbt.hash('trim(' ~ replace_all('lower(' ~ text ~ ')', '[^\\p{L}\\p{N}]+', ' ') ~ ')') }}
{%- endmacro %}

{#- How many runs of non-space characters a text has. -#}
{% macro word_count(text) -%}
    {%- set squeezed = 'trim(' ~ replace_all(text, '\\s+', ' ') ~ ')' -%}
    case
        when {{ squeezed }} = '' then 0
        else length({{ squeezed }}) - length(replace({{ squeezed }}, ' ', '')) + 1
    end
{%- endmacro %}
