-- Rows and the base they stand on, new or changed.
insert into glsync.links as l (id, mapping_id, glide_row_id, pg_key, base_glide, base_postgres, detached)
select r.id, %(mapping)s, r.glide_row_id, r.pg_key, nullif(r.base_glide, 'null'), nullif(r.base_postgres, 'null'), r.detached
from jsonb_to_recordset(%(rows)s::jsonb) as r (
    id uuid, glide_row_id text, pg_key text, base_glide jsonb, base_postgres jsonb, detached text
)
on conflict (id) do update
set glide_row_id = coalesce(excluded.glide_row_id, l.glide_row_id), pg_key = coalesce(excluded.pg_key, l.pg_key),
    base_glide = excluded.base_glide, base_postgres = excluded.base_postgres, detached = excluded.detached, updated_at = now()
