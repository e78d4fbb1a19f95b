-- glsync: no-transaction
create index concurrently if not exists gl_sync_errors_ended on public.gl_sync_errors (mapping_id, fingerprint)
where state = 'resolved'
