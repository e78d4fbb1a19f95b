-- Rows of Glide that neither a link names nor a row of Postgres: among them are adds whose answer was lost.
select g.k, g.cells, m.marker
from glsync_glide as g
left join glsync_markers as m using (k)
where not exists (select from glsync.links as l where l.mapping_id = %(mapping)s and l.glide_row_id = g.k)
    and not exists (select from {target} as t where t.glide_row_id = g.k)
order by g.k
