-- Do both sides of this session's comparison hold any of the rows that are kept equal?
select exists (
    select
    from glsync.links as l
    where l.mapping_id = %(mapping)s and l.detached is null and l.base_glide is not null
        and exists (select from glsync_postgres as p where p.k = l.glide_row_id)
        and (
            exists (select from glsync_glide as g where g.k = l.glide_row_id)
            or exists (select from glsync_unread as u where u.k = l.glide_row_id)
        )
        and not exists (select from glsync_outside as o where o.k = l.glide_row_id)
)
