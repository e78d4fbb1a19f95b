-- Rows whose parent is there wait no longer.
delete from glsync_late as w
using {parent} as p
where w.n = {number} and p.glide_row_id = w.parent and p.{key} is not null
