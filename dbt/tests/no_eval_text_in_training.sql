-- A question that evaluates may not train, under whatever ticket.
with

training as (
    select
        ticket_id,
        text_key
    from {{ ref('training_pairs') }}
    union all
    select
        ticket_id,
        text_key
    from {{ ref('generator_examples') }}
)

select training.ticket_id
from training
inner join {{ ref('eval_questions') }} as questions on training.text_key = questions.text_key
