insert into nightshift_raw.build (split_at, min_words, code, features, counts)
values ($split_at, $min_words, $code, $features, $counts)
