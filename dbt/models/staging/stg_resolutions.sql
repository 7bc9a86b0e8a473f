with

latest as (

    {{ latest_rows('resolutions', ['ticket_id', 'article_id'], 'resolved_at') }}

)

select
    ---------- ids
    ticket_id,
    article_id,

    ---------- times
    resolved_at

from latest
