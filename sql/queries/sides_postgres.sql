-- Postgres in canonical form. A row goes by the name it has if Glide or a link knows that name, else by the name its key
-- is linked to (nobody else may have taken it), else by its own key.
analyze glsync_glide;
create temporary table glsync_postgres as
select
    coalesce(
        case when known.id is not null or g.k is not null then t.glide_row_id end,
        case when not exists (select from {target} as o where o.glide_row_id = l.glide_row_id) then l.glide_row_id end,
        t.glide_row_id,
        'pg:' || t.pg_key
    ) as k, t.glide_row_id, t.pg_key, t.cells, t.changed_at
from (
    select t.glide_row_id, {key} as pg_key, (select to_jsonb(c.*) from (select {cells}) as c) as cells, {changed_at} as changed_at
    from {target} as t
    where {in_scope}
) as t
left join glsync.links as l on l.mapping_id = %(mapping)s and l.pg_key = t.pg_key
left join glsync.links as known on known.mapping_id = %(mapping)s and known.glide_row_id = t.glide_row_id
left join glsync_glide as g on g.k = t.glide_row_id;
create index on glsync_postgres (k);
analyze glsync_postgres
