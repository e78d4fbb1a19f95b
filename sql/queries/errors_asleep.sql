-- Is there an error that was ignored until now?
select exists (
    select from public.gl_sync_errors where ignored_until is not null and ignored_until <= %(now)s and state = 'ignored'
)
