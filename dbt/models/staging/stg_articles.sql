with

latest as (

    {{ latest_rows('articles', ['article_id'], 'updated_at') }}

)

select
    ---------- ids
    article_id,

    ---------- text
    title,
    body,
    coalesce(url, '') as url,

    ---------- labels
    coalesce(topic, '') as topic,

    ---------- times
    updated_at

from latest
