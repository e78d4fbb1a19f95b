-- Postgres in canonical form. A row that Glide has not named goes by its link's name, else by its own key.
create temporary table glsync_postgres as
select
    coalesce(t.glide_row_id, l.glide_row_id, 'pg:' || t.pg_key) as k, t.glide_row_id, t.pg_key, t.cells, t.changed_at
from (
    select t.glide_row_id, {key} as pg_key, (select to_jsonb(c) from (select {cells}) as c) as cells, {changed_at} as changed_at
    from {target} as t
    where {in_scope}
) as t
left join glsync.links as l on l.mapping_id = %(mapping)s and l.pg_key = t.pg_key and t.glide_row_id is null;
create index on glsync_postgres (k);
analyze glsync_postgres;
analyze glsync_glide
