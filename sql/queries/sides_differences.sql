-- Every row on which the two sides and the base are not all equal, in a stable order.
with l as (
    select id, glide_row_id, pg_key, base_glide, base_postgres, detached,
        coalesce(glide_row_id, 'pg:' || pg_key) as k
    from glsync.links
    where mapping_id = %(mapping)s
)
select
    k, l.id::text as link_id, coalesce(l.glide_row_id, g.k) as glide_row_id, coalesce(p.pg_key, l.pg_key) as pg_key,
    p.glide_row_id as named, l.base_glide, l.base_postgres, g.cells as glide, p.cells as postgres, p.changed_at, l.detached
from glsync_glide as g
full join glsync_postgres as p using (k)
full join l using (k)
where (
        g.cells is distinct from l.base_glide or p.cells is distinct from l.base_postgres
        or p.k is not null and g.k is not null and (p.glide_row_id is distinct from k or l.id is null)
        or p.k is null and g.k is null and l.detached is null
    )
    and not coalesce(l.detached = 'postgres' and g.k is null or l.detached = 'glide' and p.k is null, false)
    and not exists (select from glsync_unread as u where u.k = coalesce(g.k, p.k, l.k))
    and not exists (select from glsync_outside as o where o.k = coalesce(g.k, p.k, l.k))
order by k
