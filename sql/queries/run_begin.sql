-- The run is under way. A log that already ended stays as it is.
update public.gl_sync_logs
set status = 'processing', epoch = %(epoch)s, heartbeat_at = now(), mapping_version = %(version)s, completed_at = null,
    message = null, error_type = null, hint = null
where id = %(log)s and status in ('started', 'processing')
returning started_at
