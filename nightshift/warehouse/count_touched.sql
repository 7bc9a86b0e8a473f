select
    (select count(*) from nightshift_staging.touched_tickets)
    + (select count(*) from nightshift_staging.touched_articles)
