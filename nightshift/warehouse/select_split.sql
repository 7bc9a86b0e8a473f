with

live as (
    select
        table_name,
        part
    from nightshift_raw.parts
    where state <> 'removed'
),

live_articles as (
    select articles.article_id
    from nightshift_raw.articles as articles
    inner join live on articles.part = live.part and live.table_name = 'articles'
),

linked as (
    select resolutions.ticket_id
    from nightshift_raw.resolutions as resolutions
    inner join live on resolutions.part = live.part and live.table_name = 'resolutions'
    where resolutions.article_id in (select live_articles.article_id from live_articles)
),

resolved as (
    select
        tickets.ticket_id,
        min(tickets.created_at) as created_at
    from nightshift_raw.tickets as tickets
    inner join live on tickets.part = live.part and live.table_name = 'tickets'
    where tickets.ticket_id in (select linked.ticket_id from linked)
    group by tickets.ticket_id
),

ranked as (
    select
        created_at,
        row_number() over (order by created_at) - 1 as ticket_rank,
        count(*) over () as n_tickets
    from resolved
)

select date_trunc('day', created_at)
from ranked
where ticket_rank = n_tickets * $training_percent // 100
