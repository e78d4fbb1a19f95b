-- glsync: no-transaction
create index concurrently if not exists gl_sync_errors_standing
on public.gl_sync_errors (workspace_id, mapping_id, state) where resolved_at is null
