-- Glide has named rows born here.
update {target} as t
set glide_row_id = v.glide_row_id
from jsonb_to_recordset(%(rows)s::jsonb) as v (pg_key jsonb, glide_row_id text)
where {by_key} and t.glide_row_id is null
