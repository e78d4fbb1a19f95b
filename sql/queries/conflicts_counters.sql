-- Conflicts of a workspace by state, and how old the oldest is.
select {conflicts_state} as state, count(*) as count, min(c.created_at) as oldest
from public.gl_conflicts as c
where c.workspace_id = %(workspace)s
group by 1
