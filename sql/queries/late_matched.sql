-- Rows that both sides held before anything linked them, and whose parents Glide names and we do not know yet.
select w.glide_row_id, array_agg(w.n)
from glsync_late as w
inner join glsync_postgres as p on p.k = w.glide_row_id
where not exists (
    select from glsync.links as l where l.mapping_id = %(mapping)s and l.glide_row_id = w.glide_row_id
)
group by w.glide_row_id
