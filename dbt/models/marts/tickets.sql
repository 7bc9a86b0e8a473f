{{ config(pre_hook="{{ delete_touched('ticket_id') }}") }}

select
    ---------- ids
    tickets.ticket_id,
    tickets.text_key,

    ---------- text
    tickets.subject,
    tickets.body,
    tickets.text,

    ---------- labels
    tickets.intent,
    case when tickets.created_at < {{ split_at() }} then 'train' else 'eval' end as split,

    ---------- numbers
    cast(tickets.n_words as {{ dbt.type_bigint() }}) as n_words,

    ---------- times
    tickets.created_at

from {{ ref('stg_tickets') }} as tickets
where
    true
    {{ only_touched('ticket_id', 'tickets') }}
