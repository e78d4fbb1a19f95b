-- Writes that leave for Glide now: committed before the call, so that a crash leaves no doubt about which are in doubt.
with call as (
    insert into glsync.calls (id, mapping_id) values (%(call)s, %(mapping)s)
    returning workspace_id
)
insert into glsync.intents (
    id, call_id, mapping_id, workspace_id, log_id, epoch, link_id, operation, glide_row_id, pg_key, cells, raw, before,
    base_glide, base_postgres, if_match, price, state, attempts, sent_at
)
select
    r.id, %(call)s, %(mapping)s, (select c.workspace_id from call as c),
    %(log)s, %(epoch)s, r.link_id, r.operation, r.glide_row_id, r.pg_key, r.cells, r.raw,
    nullif(r.before, 'null'), nullif(r.base_glide, 'null'), nullif(r.base_postgres, 'null'), r.if_match, r.price, 'sent', 1,
    clock_timestamp()
from jsonb_to_recordset(%(rows)s::jsonb) as r (
    id uuid, link_id uuid, operation text, glide_row_id text, pg_key text, cells jsonb, raw jsonb, before jsonb,
    base_glide jsonb, base_postgres jsonb, if_match text, price numeric
)
