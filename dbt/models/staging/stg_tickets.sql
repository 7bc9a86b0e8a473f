with

latest as (

    {{ latest_rows('tickets', ['ticket_id'], 'updated_at') }}

),

texts as (
    select
        *,
        {{ ticket_text('subject', 'body') }} as text
    from latest
)

select
    ---------- ids
    ticket_id,
    {{ text_key('text') }} as text_key,

    ---------- text
    subject,
    body,
    text,

    ---------- labels
    coalesce(intent, '') as intent,

    ---------- numbers
    {{ word_count('text') }} as n_words,

    ---------- times
    created_at,
    updated_at

from texts
