-- By whole days: exported forums round their times. It only warns, because the source may be wrong and the rows usable.
{{ config(severity='warn') }}

select answers.answer_id
from {{ ref('stg_answers') }} as answers
inner join {{ ref('stg_tickets') }} as tickets on answers.ticket_id = tickets.ticket_id
where {{ dbt.date_trunc('day', 'answers.created_at') }} < {{ dbt.date_trunc('day', 'tickets.created_at') }}
