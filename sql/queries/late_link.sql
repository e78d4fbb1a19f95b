-- Rows that waited get their parents, as far as those are there by now; what they were without them is kept.
with old as materialized (
    select o.glide_row_id, to_jsonb(o.*) as before from {target} as o where o.glide_row_id = any(%(ids)s)
), changed as (
    update {target} as t
    set {changes}
    from glsync_late as w
    inner join {parent} as p on p.glide_row_id = w.parent
    where w.n = {number} and w.glide_row_id = any(%(ids)s) and t.glide_row_id = w.glide_row_id
        and t.{column} is distinct from p.{key}::{type}
    returning t.glide_row_id, (select to_jsonb(c.*) from (select {cells}) as c) as after
)
insert into glsync.history (mapping_id, log_id, side, operation, glide_row_id, before, after)
select %(mapping)s::uuid, %(log)s::uuid, 'postgres', 'update', c.glide_row_id, old.before, c.after
from changed as c
inner join old using (glide_row_id)
where %(log)s::uuid is not null
