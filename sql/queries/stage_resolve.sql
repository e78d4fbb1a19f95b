-- Rows as Glide wrote them, their references turned into what Postgres holds of the parents. A row whose parent is missing
-- is left out, unless its column may stay empty for a while; either way what it lacks comes back.
with found as materialized (
    select r.*, {looked_up}
    from glsync_raw as r
    {parents}
), staged as (
    insert into glsync_stage ({columns})
    select {values}
    from found as f
    where {is_whole}
)
select f.glide_row_id, l.n, l.parent
from found as f
cross join lateral (values {lacks}) as l (n, parent, is_lost)
where l.is_lost
