update nightshift_raw.parts
set state = $state
where table_name = $table_name and part = $part
