{{ config(pre_hook="{{ delete_touched('ticket_id') }}") }}

with

replies as (
    select
        ticket_id,
        body,
        created_at
    from {{ ref('stg_answers') }}
    where
        by_helper
        and accepted
        and body <> ''
    qualify row_number() over (partition by ticket_id order by created_at desc, answer_id desc) = 1
)

select
    ---------- ids
    tickets.ticket_id,

    ---------- text
    replies.body as reply,

    ---------- times
    replies.created_at

from {{ ref('tickets') }} as tickets
inner join replies on tickets.ticket_id = replies.ticket_id
where
    tickets.split = 'eval'
    {{ only_touched('ticket_id', 'tickets') }}
