-- Of the rows that are kept equal: how many Glide alone holds in this session's comparison, how many Postgres alone, and
-- how many of those may still turn up in Glide. Rows let go, or left out by the filter, are not among them.
with kept as (
    select
        l.glide_row_id = any(%(gone)s::text[]) as is_gone,
        exists (select from glsync_glide as g where g.k = l.glide_row_id)
        or exists (select from glsync_unread as u where u.k = l.glide_row_id) as in_glide,
        exists (select from glsync_postgres as p where p.k = coalesce(l.glide_row_id, 'pg:' || l.pg_key)) as in_postgres
    from glsync.links as l
    where l.mapping_id = %(mapping)s and l.detached is null and l.base_glide is not null
        and not exists (select from glsync_outside as o where o.k = l.glide_row_id)
)

select
    count(*) filter (where in_glide and not in_postgres), count(*) filter (where in_postgres and not in_glide),
    count(*) filter (where in_postgres and not in_glide and is_gone is not true)
from kept
