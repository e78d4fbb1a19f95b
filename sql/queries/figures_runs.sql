-- Runs there are records of, by status.
select l.status, count(*) as runs
from public.gl_sync_logs as l
where %(workspace)s::uuid is null or l.workspace_id = %(workspace)s::uuid
group by l.status
