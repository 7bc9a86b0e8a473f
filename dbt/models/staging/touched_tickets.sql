{{ config(materialized='table') }}

with

changed as (
    select ticket_id from ({{ changed_rows('tickets') }}) as tickets
    union all
    select ticket_id from ({{ changed_rows('answers') }}) as answers
    union all
    select ticket_id from ({{ changed_rows('resolutions') }}) as resolutions
    union all
    -- an article that was added or removed changes the pairs of its tickets
    select resolutions.ticket_id
    from {{ source('raw', 'resolutions') }} as resolutions
    where resolutions.article_id in (select articles.article_id from {{ ref('touched_articles') }} as articles)
),

-- every version of a ticket, so that its previous text counts too
texts as (
    select
        ticket_id,
        {{ text_key(ticket_text('subject', 'body')) }} as text_key
    from {{ source('raw', 'tickets') }}
),

changed_texts as (
    select texts.text_key
    from texts
    where texts.ticket_id in (select changed.ticket_id from changed)
),

-- a question that enters or leaves evaluation removes its text from training or returns it
same_text as (
    select texts.ticket_id
    from texts
    where texts.text_key in (select changed_texts.text_key from changed_texts)
)

select ticket_id from changed
union distinct
select ticket_id from same_text
