delete from nightshift_raw.build
