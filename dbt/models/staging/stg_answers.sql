with

latest as (

    {{ latest_rows('answers', ['answer_id'], 'updated_at') }}

)

select
    ---------- ids
    answer_id,
    ticket_id,

    ---------- text
    body,

    ---------- booleans
    by_helper,
    accepted,

    ---------- times
    created_at,
    updated_at

from latest
