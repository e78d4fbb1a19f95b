-- Are both sides in step over everything the mapping keeps equal? One digest a side, independent of the rows' order. What
-- Glide keeps less exactly counts as what Postgres holds for it. Rows the filter leaves out do not count, nor those it let
-- go and Glide has lost since.
select
    (
        select md5(coalesce(string_agg(md5(g.k || coalesce(l.base_postgres, g.cells)::text), '' order by g.k), ''))
        from glsync_glide as g
        left join glsync.links as l
            on l.mapping_id = %(mapping)s and l.glide_row_id = g.k and l.base_glide = g.cells
        where not exists (select from glsync_outside as o where o.k = g.k)
    ),
    (
        select md5(coalesce(string_agg(md5(p.k || p.cells::text), '' order by p.k), ''))
        from glsync_postgres as p
        where not exists (select from glsync_outside as o where o.k = p.k)
            and not exists (
                select from glsync.links as l
                where l.mapping_id = %(mapping)s and l.glide_row_id = p.k and l.detached = 'postgres'
                    and l.base_glide is not null and not exists (select from glsync_glide as g where g.k = p.k)
            )
    ),
    (select count(*) from glsync_glide as g where not exists (select from glsync_outside as o where o.k = g.k))
