-- How long finished runs took per UTC day, in seconds: the middle one, the slow end, the longest.
select
    (l.started_at at time zone 'UTC')::date as day,
    count(*) as runs,
    percentile_cont(0.5) within group (order by t.seconds) as p50,
    percentile_cont(0.95) within group (order by t.seconds) as p95,
    max(t.seconds) as longest
from public.gl_sync_logs as l
cross join lateral (select extract(epoch from l.completed_at - l.started_at)::float as seconds) as t
where l.workspace_id = %(workspace)s
    and (%(mapping)s::uuid is null or l.mapping_id = %(mapping)s::uuid)
    and l.status in ('completed', 'completed_with_errors')
    and l.completed_at is not null
    and l.started_at >= (
        select (date_trunc('day', now() at time zone 'UTC') - make_interval(days => %(days)s - 1)) at time zone 'UTC'
    )
group by 1
order by 1
