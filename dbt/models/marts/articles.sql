{{ config(pre_hook="{{ delete_touched('article_id') }}") }}

select
    ---------- ids
    articles.article_id,

    ---------- text
    articles.title,
    articles.body,
    articles.url,

    ---------- labels
    articles.topic,

    ---------- times
    articles.updated_at

from {{ ref('stg_articles') }} as articles
where
    true
    {{ only_touched('article_id', 'articles') }}
