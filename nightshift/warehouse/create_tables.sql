create schema if not exists nightshift_raw;

create table if not exists nightshift_raw.articles (
    article_id varchar,
    title varchar,
    body varchar,
    url varchar,
    topic varchar,
    updated_at timestamp,
    part varchar,
    part_row bigint,
    loaded_at timestamp
);

create table if not exists nightshift_raw.tickets (
    ticket_id varchar,
    created_at timestamp,
    updated_at timestamp,
    subject varchar,
    body varchar,
    intent varchar,
    part varchar,
    part_row bigint,
    loaded_at timestamp
);

create table if not exists nightshift_raw.answers (
    answer_id varchar,
    ticket_id varchar,
    created_at timestamp,
    updated_at timestamp,
    body varchar,
    by_helper boolean,
    accepted boolean,
    part varchar,
    part_row bigint,
    loaded_at timestamp
);

create table if not exists nightshift_raw.resolutions (
    ticket_id varchar,
    article_id varchar,
    resolved_at timestamp,
    part varchar,
    part_row bigint,
    loaded_at timestamp
);

create table if not exists nightshift_raw.parts (
    table_name varchar,
    part varchar,
    state varchar
);

create table if not exists nightshift_raw.build (
    split_at varchar,
    min_words bigint,
    code varchar,
    features varchar,
    counts varchar
);

-- files of earlier versions name two of the states otherwise
update nightshift_raw.parts
set state = case state when 'kept' then 'processed' else 'removed' end
where state in ('kept', 'gone');
