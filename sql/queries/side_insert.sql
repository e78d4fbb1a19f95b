-- New rows; one whose name came up meanwhile is left for the next run, one marked as deleted comes back.
with v as (
    select * from jsonb_to_recordset(%(rows)s::jsonb) as v (n int, glide_row_id text, cells jsonb)
), done as (
    insert into {target} as t ({columns})
    select {values}
    from v
    cross join lateral jsonb_populate_record(null::{target}, v.cells) as r
    on conflict (glide_row_id) do {action}
    returning t.glide_row_id, {key} as pg_key, (select to_jsonb(c.*) from (select {cells}) as c) as after
)
select
    v.n, done.pg_key, (select to_jsonb(o.*) from {target} as o where o.glide_row_id = done.glide_row_id) as before, done.after
from done
inner join v using (glide_row_id)
