-- Runs nobody works on any more: their lease ran out and no job will take them up again.
update public.gl_sync_logs as l
set status = 'failed', completed_at = clock_timestamp(), stage = null, error_type = 'LEASE_LOST',
    message = 'The process that worked on this run ended without finishing it.',
    hint = 'Press Sync now: the next run carries on from the last page that was stored.'
where l.completed_at is null and l.status = 'processing'
    and not exists (
        select from glsync.leases as h where h.log_id = l.id and h.until > now()
    )
    and not exists (
        select from glsync_queue.procrastinate_jobs as j
        where j.args ->> 'log_id' = l.id::text and j.status in ('todo', 'doing')
    )
    and coalesce(l.heartbeat_at, l.started_at) < now() - interval '15 seconds'
returning l.id
