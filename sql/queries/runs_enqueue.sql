-- Queue a run. It is new when its log was made by this very transaction.
select l.id, l.started_at = now() as is_new
from glsync.enqueue_run(%(mapping)s, %(trigger)s, %(actor)s, %(options)s::jsonb) as queued (id)
join public.gl_sync_logs as l on l.id = queued.id
