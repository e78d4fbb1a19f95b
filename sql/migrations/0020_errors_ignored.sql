-- glsync: no-transaction
create index concurrently if not exists gl_sync_errors_ignored on public.gl_sync_errors (ignored_until)
where ignored_until is not null
