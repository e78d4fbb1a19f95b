-- Conflicts of this run: new ones are kept with both values, open ones take the values of now.
insert into public.gl_conflicts as c (
    mapping_id, log_id, link_id, glide_row_id, pg_key, column_name, kind, base_value, glide_value, postgres_value
)
select
    %(mapping)s, %(log)s, r.link_id, r.glide_row_id, r.pg_key, r.column_name, r.kind, r.base_value, r.glide_value,
    r.postgres_value
from jsonb_to_recordset(%(rows)s::jsonb) as r (
    link_id uuid, glide_row_id text, pg_key text, column_name text, kind text, base_value jsonb, glide_value jsonb,
    postgres_value jsonb
)
on conflict (mapping_id, (coalesce(glide_row_id, pg_key)), (coalesce(column_name, ''))) where state = 'open'
do update
set log_id = excluded.log_id, link_id = excluded.link_id, glide_row_id = excluded.glide_row_id, kind = excluded.kind,
    base_value = excluded.base_value, glide_value = excluded.glide_value, postgres_value = excluded.postgres_value,
    last_seen_at = now()
