-- Glide's side of the proof that both are in step over everything the mapping keeps equal: one digest, independent of the
-- rows' order; how many rows; and whether the base says of each what Glide says. What Glide keeps less exactly counts as
-- what Postgres holds for it; rows the filter leaves out do not count.
select
    md5(coalesce(string_agg(md5(g.k || coalesce(l.base_postgres, g.cells)::text), '' order by g.k), '')),
    count(*), coalesce(bool_and(l.id is not null), true)
from glsync_glide as g
left join glsync.links as l on l.mapping_id = %(mapping)s and l.glide_row_id = g.k and l.base_glide = g.cells
where not exists (select from glsync_outside as o where o.k = g.k)
