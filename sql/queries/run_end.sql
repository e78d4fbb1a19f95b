-- The run is over; how, and what waits for a person.
update public.gl_sync_logs
set status = %(status)s, message = %(message)s, completed_at = clock_timestamp(), heartbeat_at = now(), stage = null,
    error_type = %(type)s, hint = %(hint)s, waiting = %(waiting)s, plan_hash = %(plan_hash)s
where id = %(log)s and completed_at is null
returning completed_at
