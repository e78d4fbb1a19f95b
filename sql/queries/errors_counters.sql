-- Errors of a workspace by state, and how old the oldest open one is.
select e.state, count(*) as count, min(e.created_at) as oldest
from public.gl_sync_errors as e
where e.workspace_id = %(workspace)s
group by e.state
