-- Rows that were met again, and rows no link knows any more or only as let go.
delete from glsync.absent_rows as a
where a.mapping_id = %(mapping)s and (
    exists (select from glsync_glide as g where g.k = a.glide_row_id)
    or not exists (
        select from glsync.links as l
        where l.mapping_id = %(mapping)s and l.glide_row_id = a.glide_row_id and l.detached is null
    )
)
