-- Ask a run to stop; nothing when it has ended already.
update public.gl_sync_logs as l
set cancel_requested = true
from public.gl_mappings as m
where l.id = %(log)s and l.workspace_id = %(workspace)s and l.completed_at is null and m.id = l.mapping_id
returning l.job_id, l.status, m.name
