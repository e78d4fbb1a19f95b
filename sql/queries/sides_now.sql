-- Some rows of Postgres as they are now, by Glide's names and by their keys, and the transaction that wrote each last.
select t.glide_row_id, {key} as pg_key, (select to_jsonb(c.*) from (select {cells}) as c) as cells, t.xmin::text as written_by
from {target} as t
where t.glide_row_id = any(%(ids)s) and {in_scope}
union
select t.glide_row_id, {key} as pg_key, (select to_jsonb(c.*) from (select {cells}) as c) as cells, t.xmin::text as written_by
from jsonb_array_elements(%(keys)s::jsonb) as v (pg_key)
inner join {target} as t on {by_key}
where {in_scope}
