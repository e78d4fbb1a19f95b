-- Errors that were ignored until now are open again.
update public.gl_sync_errors
set state = 'open', resolved_at = null, resolved_by = null, resolution_notes = null, ignored_until = null
where state = 'ignored' and ignored_until <= %(now)s
