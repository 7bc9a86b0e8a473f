select count(*)
from nightshift_staging.stg_resolutions as resolutions
where resolutions.article_id not in (select articles.article_id from nightshift_marts.articles as articles)
