insert into nightshift_raw.parts (table_name, part, state)
values ($table_name, $part, 'new')
