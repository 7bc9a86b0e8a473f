{{ config(materialized='table') }}

select distinct article_id
from ({{ changed_rows('articles') }}) as changed
