{{ config(pre_hook="{{ delete_touched('ticket_id') }}") }}

with

-- an answer edited after the split is not known before it
answers as (
    select
        ticket_id,
        body,
        created_at,
        updated_at
    from {{ ref('stg_answers') }}
    where
        by_helper
        and accepted
        and body <> ''
        and created_at < {{ split_at() }}
        and updated_at < {{ split_at() }}
    qualify row_number() over (partition by ticket_id order by created_at desc, answer_id desc) = 1
),

resolutions as (
    select
        resolutions.ticket_id,
        articles.article_id,
        resolutions.resolved_at
    from {{ ref('stg_resolutions') }} as resolutions
    inner join {{ ref('articles') }} as articles on resolutions.article_id = articles.article_id
    where resolutions.resolved_at < {{ split_at() }}
    qualify row_number() over (
        partition by resolutions.ticket_id
        order by resolutions.resolved_at, articles.article_id
    ) = 1
)

select
    ---------- ids
    tickets.ticket_id,
    coalesce(resolutions.article_id, '') as article_id,
    tickets.text_key,

    ---------- text
    tickets.text as question,
    coalesce(answers.body, '') as answer,

    ---------- times
    tickets.created_at,
    coalesce(answers.updated_at, resolutions.resolved_at) as answered_at

from {{ ref('tickets') }} as tickets
left join answers on tickets.ticket_id = answers.ticket_id
left join resolutions on tickets.ticket_id = resolutions.ticket_id
where
    tickets.split = 'train'
    and (answers.ticket_id is not null or resolutions.ticket_id is not null)
    and tickets.n_words >= {{ var('min_words') }}
    and tickets.text_key not in (select questions.text_key from {{ ref('eval_questions') }} as questions)
    {{ only_touched('ticket_id', 'tickets') }}
