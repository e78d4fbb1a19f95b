-- Glide's rows as both sides last agreed on them; without those that were let go.
insert into glsync_glide (k, cells)
select l.glide_row_id, l.base_glide
from glsync.links as l
where l.mapping_id = %(mapping)s and l.glide_row_id is not null and l.base_glide is not null and l.detached is null
