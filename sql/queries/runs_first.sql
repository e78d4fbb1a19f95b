-- The runs that this one was queued behind and that are yet to end, as far as a worker has them or will.
select f.id
from public.gl_sync_logs as l
cross join lateral jsonb_array_elements_text(
    case jsonb_typeof(l.options -> 'after') when 'array' then l.options -> 'after' else '[]' end
) as a (id)
inner join public.gl_sync_logs as f on f.id = a.id::uuid and f.completed_at is null
inner join glsync_queue.procrastinate_jobs as j on j.id = f.job_id and j.status in ('todo', 'doing')
where l.id = %(log)s
