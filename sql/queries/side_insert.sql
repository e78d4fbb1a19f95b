-- New rows; one whose name came up meanwhile is left for the next run, one marked as deleted comes
-- back. Rows that are nowhere after all come back as not done.
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
    v.n, done.pg_key, (select to_jsonb(o.*) from {target} as o where o.glide_row_id = done.glide_row_id) as before, done.after,
    true as is_done
from done
inner join v using (glide_row_id)
union all
select v.n, null, null, null, false
from v
where v.glide_row_id not in (select d.glide_row_id from done as d)
    and not exists (select from {target} as o where o.glide_row_id = v.glide_row_id)
