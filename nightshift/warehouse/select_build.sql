select
    split_at,
    min_words,
    code,
    features,
    counts
from nightshift_raw.build
