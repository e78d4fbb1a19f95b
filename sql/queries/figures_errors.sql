-- Errors that are not resolved, by type and state.
select e.error_type, e.state, count(*) as errors
from public.gl_sync_errors as e
where e.state <> 'resolved' and (%(workspace)s::uuid is null or e.workspace_id = %(workspace)s::uuid)
group by e.error_type, e.state
