delete from nightshift_raw.articles
where part in (
    select part from nightshift_raw.parts
    where table_name = 'articles' and state = 'removed'
);

delete from nightshift_raw.tickets
where part in (
    select part from nightshift_raw.parts
    where table_name = 'tickets' and state = 'removed'
);

delete from nightshift_raw.answers
where part in (
    select part from nightshift_raw.parts
    where table_name = 'answers' and state = 'removed'
);

delete from nightshift_raw.resolutions
where part in (
    select part from nightshift_raw.parts
    where table_name = 'resolutions' and state = 'removed'
);

delete from nightshift_raw.parts
where state = 'removed';

update nightshift_raw.parts
set state = 'processed';
