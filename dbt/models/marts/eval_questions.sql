{{ config(pre_hook="{{ delete_touched('ticket_id') }}") }}

select
    ---------- ids
    tickets.ticket_id,
    articles.article_id,
    tickets.text_key,

    ---------- text
    tickets.text,

    ---------- labels
    tickets.intent,

    ---------- times
    tickets.created_at

from {{ ref('tickets') }} as tickets
inner join {{ ref('stg_resolutions') }} as resolutions on tickets.ticket_id = resolutions.ticket_id
inner join {{ ref('articles') }} as articles on resolutions.article_id = articles.article_id
where
    tickets.split = 'eval'
    {{ only_touched('ticket_id', 'tickets') }}
