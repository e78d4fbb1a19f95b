-- Queue a run; the id of its log.
select glsync.enqueue_run(%(mapping)s, %(trigger)s, %(actor)s, %(options)s::jsonb)
