-- Rows of Glide that were compared without their parents get their cells, as far as the parents are there by now.
update glsync_glide as g
set cells = g.cells || jsonb_build_object({column}, {key})
from glsync_late as w
inner join {parent} as p on p.glide_row_id = w.parent
where w.n = {number} and g.k = w.glide_row_id
returning g.k
