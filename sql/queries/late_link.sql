-- Rows that waited get their parents, as far as those are there by now.
update {target} as t
set {changes}
from glsync_late as w
inner join {parent} as p on p.glide_row_id = w.parent
where w.n = {number} and w.glide_row_id = any(%(ids)s) and t.glide_row_id = w.glide_row_id
    and t.{column} is distinct from p.{key}::{type}
