-- Postgres's side of that proof. Rows the filter let go and Glide has lost since do not count either.
select md5(coalesce(string_agg(md5(p.k || p.cells::text), '' order by p.k), ''))
from glsync_postgres as p
where not exists (select from glsync_outside as o where o.k = p.k)
    and not exists (
        select from glsync.links as l
        where l.mapping_id = %(mapping)s and l.glide_row_id = p.k and l.detached = 'postgres'
            and l.base_glide is not null and not exists (select from glsync_glide as g where g.k = p.k)
    )
