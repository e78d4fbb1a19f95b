-- Runs and rows per UTC day, every day of the period, days without runs as zeros. The bounds are computed beforehand:
-- behind a policy an index serves plain comparisons only.
with periods as materialized (
    select
        one.day,
        one.day at time zone 'UTC' as begins,
        (one.day + interval '1 day') at time zone 'UTC' as ends
    from generate_series(
        date_trunc('day', now() at time zone 'UTC') - make_interval(days => %(days)s - 1),
        date_trunc('day', now() at time zone 'UTC'),
        '1 day'
    ) as one (day)
)
select
    d.day::date as day,
    count(l.id) as runs,
    count(l.id) filter (where l.status = 'completed') as completed,
    count(l.id) filter (where l.status = 'completed_with_errors') as completed_with_errors,
    count(l.id) filter (where l.status = 'failed') as failed,
    count(l.id) filter (where l.status = 'cancelled') as cancelled,
    coalesce(sum(l.read_rows), 0)::bigint as read,
    coalesce(sum(l.created_rows), 0)::bigint as created,
    coalesce(sum(l.updated_rows), 0)::bigint as updated,
    coalesce(sum(l.deleted_rows), 0)::bigint as deleted,
    coalesce(sum(l.records_processed), 0)::bigint as stored,
    coalesce(sum(l.failed_rows), 0)::bigint as rejected,
    coalesce(sum(l.price), 0)::float as price
from periods as d
left join public.gl_sync_logs as l
    on l.workspace_id = %(workspace)s
    and (%(mapping)s::uuid is null or l.mapping_id = %(mapping)s::uuid)
    and l.started_at >= d.begins
    and l.started_at < d.ends
group by d.day
order by d.day
