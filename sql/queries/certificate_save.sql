-- Both sides were in step: the digests that prove it, and what the next comparison may go on from.
insert into glsync.certificates as c (
    mapping_id, log_id, glide_digest, postgres_digest, rows, glide_version, scope, read_at, watch
)
values (
    %(mapping)s, %(log)s, %(glide)s, %(postgres)s, %(rows)s, %(version)s, %(scope)s, %(read_at)s, %(watch)s
)
on conflict (mapping_id) do update
set log_id = excluded.log_id, glide_digest = excluded.glide_digest, postgres_digest = excluded.postgres_digest,
    rows = excluded.rows, glide_version = excluded.glide_version, scope = excluded.scope, read_at = excluded.read_at,
    watch = excluded.watch, at = now()
