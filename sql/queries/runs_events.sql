-- The last lines a run logged, oldest first.
select at, level, message
from (
    select e.id, e.at, e.level, e.message
    from glsync.run_events as e
    where e.log_id = %(log)s and e.workspace_id = %(workspace)s
    order by e.id desc
    limit %(limit)s
) as last_lines
order by id
