select
    table_name,
    part,
    state
from nightshift_raw.parts
