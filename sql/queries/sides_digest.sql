-- Are both sides in step over everything the mapping keeps equal? One digest a side, independent of the rows' order. What
-- Glide keeps less exactly counts as what Postgres holds for it.
select
    (
        select md5(coalesce(string_agg(md5(g.k || coalesce(l.base_postgres, g.cells)::text), '' order by g.k), ''))
        from glsync_glide as g
        left join glsync.links as l
            on l.mapping_id = %(mapping)s and l.glide_row_id = g.k and l.base_glide = g.cells
    ),
    (select md5(coalesce(string_agg(md5(k || cells::text), '' order by k), '')) from glsync_postgres),
    (select count(*) from glsync_glide)
