-- A question that evaluates may not have been read in training, under whatever ticket.
select training.ticket_id
from (
    select ticket_id, text_key from {{ ref('training_pairs') }}
    union all
    select ticket_id, text_key from {{ ref('generator_examples') }}
) as training
inner join {{ ref('eval_questions') }} as questions on training.text_key = questions.text_key
