-- Glide's names of rows, old ones replaced where they are still what they were.
update {target} as t
set glide_row_id = v.glide_row_id
from jsonb_to_recordset(%(rows)s::jsonb) as v (pg_key jsonb, glide_row_id text, was text)
where {by_key} and t.glide_row_id is not distinct from v.was and t.glide_row_id is distinct from v.glide_row_id
