{{ config(pre_hook="{{ delete_touched('ticket_id') }}") }}

with

-- support replied, so the ticket is not merely open
replied as (
    select
        ticket_id,
        min(created_at) as replied_at
    from {{ ref('stg_answers') }}
    where by_helper
    group by ticket_id
),

linked as (
    select
        resolutions.ticket_id,
        min(resolutions.resolved_at) as resolved_at
    from {{ ref('stg_resolutions') }} as resolutions
    inner join {{ ref('articles') }} as articles on resolutions.article_id = articles.article_id
    group by resolutions.ticket_id
)

select
    ---------- ids
    tickets.ticket_id,
    tickets.text_key,

    ---------- text
    tickets.text,

    ---------- labels
    tickets.split,

    ---------- times
    tickets.created_at

from {{ ref('tickets') }} as tickets
inner join replied on tickets.ticket_id = replied.ticket_id
left join linked on tickets.ticket_id = linked.ticket_id
where
    tickets.n_words >= {{ var('min_words') }}
    -- training does not know replies and links of after the split
    and (
        (
            tickets.split = 'train'
            and replied.replied_at < {{ split_at() }}
            and (linked.resolved_at is null or linked.resolved_at >= {{ split_at() }})
            and tickets.text_key not in (select questions.text_key from {{ ref('eval_questions') }} as questions)
        )
        or (tickets.split = 'eval' and linked.resolved_at is null)
    )
    {{ only_touched('ticket_id', 'tickets') }}
