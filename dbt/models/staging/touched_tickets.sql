{{ config(materialized='table') }}

with

changed as (
    select ticket_id from ({{ changed_rows('tickets') }}) as tickets
    union all
    select ticket_id from ({{ changed_rows('answers') }}) as answers
    union all
    select ticket_id from ({{ changed_rows('resolutions') }}) as resolutions
    union all
    -- an article that came or went makes or unmakes the pairs of its tickets
    select ticket_id
    from {{ source('raw', 'resolutions') }}
    where article_id in (select article_id from {{ ref('touched_articles') }})
),

-- every version, so that the text a ticket had before counts too
texts as (
    select
        ticket_id,
        {{ text_key(ticket_text('subject', 'body')) }} as text_key
    from {{ source('raw', 'tickets') }}
),

-- a question that enters or leaves evaluation takes its text from training or gives it back
same_text as (
    select ticket_id
    from texts
    where text_key in (
        select text_key from texts
        where ticket_id in (select ticket_id from changed)
    )
)

select ticket_id from changed
union distinct
select ticket_id from same_text
