-- No row that became known at the split or later trains, and no earlier one evaluates.
select ticket_id from {{ ref('training_pairs') }}
where created_at >= {{ split_at() }} or resolved_at >= {{ split_at() }}
union all
select ticket_id from {{ ref('generator_examples') }}
where created_at >= {{ split_at() }} or answered_at >= {{ split_at() }}
union all
select ticket_id from {{ ref('eval_questions') }}
where created_at < {{ split_at() }}
