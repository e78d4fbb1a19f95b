-- glsync: no-transaction
drop index concurrently if exists public.gl_sync_errors_open
