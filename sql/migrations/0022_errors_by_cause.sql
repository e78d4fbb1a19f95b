-- glsync: no-transaction
create index concurrently if not exists gl_sync_errors_causes
on public.gl_sync_errors (workspace_id, mapping_id, error_type, column_name, rule)
include (state, created_at, last_seen_at) where resolved_at is null
