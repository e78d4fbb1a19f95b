-- The run of this mapping that somebody works on now: it gave a sign of life just now.
select l.id
from public.gl_sync_logs as l
where l.mapping_id = %(mapping)s
    and l.completed_at is null
    and l.status = 'processing'
    and l.heartbeat_at > now() - interval '15 seconds'
order by l.started_at desc
limit 1
