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

{#- The text of a ticket: its subject, a blank line, its body; the one that is not empty alone. -#}
{% macro ticket_text(subject, body) -%}
    case
        when {{ subject }} = '' then {{ body }}
        when {{ body }} = '' then {{ subject }}
        else {{ dbt.concat([subject, 'chr(10)', 'chr(10)', body]) }}
    end
{%- endmacro %}

{#- The hash of a text without case, punctuation and spacing: equal for two spellings of one question. -#}
{% macro text_key(text) -%}
    {{ dbt.hash('trim(' ~ replace_all('lower(' ~ text ~ ')', '[^\\p{L}\\p{N}]+', ' ') ~ ')') }}
{%- endmacro %}

{#- The number of words of a text: runs of characters that are no space. -#}
{% macro word_count(text) -%}
    {%- set squeezed = 'trim(' ~ replace_all(text, '\\s+', ' ') ~ ')' -%}
    case
        when {{ squeezed }} = '' then 0
        else length({{ squeezed }}) - length(replace({{ squeezed }}, ' ', '')) + 1
    end
{%- endmacro %}
