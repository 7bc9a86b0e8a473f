select count(*)
from nightshift_raw.parts
where state <> 'processed'
