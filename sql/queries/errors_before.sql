-- Earlier errors of the very same thing that were resolved, oldest first.
select o.created_at, o.resolved_at, o.resolved_by, o.resolution_notes as notes, o.attempts
from public.gl_sync_errors as e
join public.gl_sync_errors as o
    on o.mapping_id = e.mapping_id and o.fingerprint = e.fingerprint and o.state = 'resolved'
    and o.created_at < e.created_at
where e.workspace_id = %(workspace)s and e.id = %(id)s
order by o.created_at
