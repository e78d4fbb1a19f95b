-- Rows of Glide that carry the marker of a row which is linked to another one.
select m.k, l.glide_row_id
from glsync_markers as m
inner join glsync.links as l on l.mapping_id = %(mapping)s and l.id::text = m.marker
where l.glide_row_id <> m.k
    and not exists (select from glsync.links as o where o.mapping_id = %(mapping)s and o.glide_row_id = m.k)
order by m.k
