-- Jobs by queue that wait or are worked on; of one workspace when one is given.
select j.queue_name as queue, j.status::text as status, count(*) as jobs
from glsync_queue.procrastinate_jobs as j
left join public.gl_sync_logs as l on l.id = (j.args ->> 'log_id')::uuid
left join glsync.deliveries as d on d.id = (j.args ->> 'delivery_id')::uuid
where j.status in ('todo', 'doing') and j.queue_name in ('sync', 'webhooks')
    and (%(workspace)s::uuid is null or %(workspace)s::uuid in (l.workspace_id, d.workspace_id))
group by j.queue_name, j.status
