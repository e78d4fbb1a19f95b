-- What writes replaced.
insert into glsync.history (
    mapping_id, workspace_id, log_id, link_id, side, operation, glide_row_id, pg_key, before, after
)
select
    %(mapping)s, (select m.workspace_id from public.gl_mappings as m where m.id = %(mapping)s),
    %(log)s, r.link_id, r.side, r.operation, r.glide_row_id, r.pg_key, nullif(r.before, 'null'),
    nullif(r.after, 'null')
from jsonb_to_recordset(%(rows)s::jsonb) as r (
    link_id uuid, side text, operation text, glide_row_id text, pg_key text, before jsonb, after jsonb
)
