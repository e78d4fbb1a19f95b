-- The run is over; how, and what waits for a person. Whoever lost the run to a later epoch has no say in it.
update public.gl_sync_logs
set status = %(status)s, message = %(message)s, completed_at = clock_timestamp(), heartbeat_at = now(), stage = null,
    error_type = %(type)s, hint = %(hint)s, waiting = %(waiting)s, plan_hash = %(plan_hash)s
where id = %(log)s and completed_at is null and coalesce(epoch, 0) <= %(epoch)s
returning completed_at
