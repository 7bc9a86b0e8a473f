with

answered as (
    select
        ticket_id,
        min(created_at) as first_answer
    from nightshift_staging.stg_answers
    where by_helper
    group by ticket_id
)

select
    tickets.ticket_id,
    articles.article_id,
    tickets.text_key,
    tickets.text,
    tickets.intent,
    tickets.n_words,
    tickets.created_at,
    greatest(resolutions.resolved_at, coalesce(answered.first_answer, resolutions.resolved_at)) as known_at
from nightshift_marts.tickets as tickets
inner join nightshift_staging.stg_resolutions as resolutions on tickets.ticket_id = resolutions.ticket_id
inner join nightshift_marts.articles as articles on resolutions.article_id = articles.article_id
left join answered on tickets.ticket_id = answered.ticket_id
where tickets.created_at < $until
order by tickets.ticket_id, articles.article_id
