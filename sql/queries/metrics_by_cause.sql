-- Errors first seen in the period by type, and how many of them are still open.
select
    e.error_type as type,
    count(*) as errors,
    count(*) filter (where e.resolved_at is null) as open
from public.gl_sync_errors as e
where e.workspace_id = %(workspace)s
    and (%(mapping)s::uuid is null or e.mapping_id = %(mapping)s::uuid)
    and e.created_at >= (
        select (date_trunc('day', now() at time zone 'UTC') - make_interval(days => %(days)s - 1)) at time zone 'UTC'
    )
group by e.error_type
order by errors desc, type
