insert into glsync.base_state as b (mapping_id, table_oid, scope, pass, complete, verified_at, glide_version, rows)
values (
    %(mapping)s, %(oid)s::oid, %(scope)s, %(pass)s, %(complete)s, case when %(is_full)s then now() end, %(glide_version)s, %(rows)s
)
on conflict (mapping_id) do update
set table_oid = excluded.table_oid, scope = excluded.scope, pass = excluded.pass, complete = excluded.complete,
    verified_at = coalesce(excluded.verified_at, b.verified_at), glide_version = excluded.glide_version,
    rows = coalesce(excluded.rows, b.rows)
