-- The end of a run that was cancelled before anybody took it up.
update public.gl_sync_logs
set status = 'cancelled', completed_at = clock_timestamp(), error_type = 'CANCELLED',
    message = 'Cancelled by ' || %(actor)s || ' while it waited; nothing was read or written.'
where id = %(log)s and status = 'started' and completed_at is null
