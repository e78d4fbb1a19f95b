-- Rows stored per hour of the period, every hour, and the rows a second the runs of that hour reached.
-- The bounds are computed beforehand: behind a policy an index serves plain comparisons only.
with periods as materialized (
    select
        one.hour,
        one.hour at time zone 'UTC' as begins,
        (one.hour + interval '1 hour') at time zone 'UTC' as ends
    from generate_series(
        date_trunc('hour', now() at time zone 'UTC') - make_interval(hours => %(hours)s - 1),
        date_trunc('hour', now() at time zone 'UTC'),
        '1 hour'
    ) as one (hour)
)
select
    h.hour at time zone 'UTC' as hour,
    coalesce(sum(l.records_processed), 0)::bigint as stored,
    coalesce(sum(l.read_rows), 0)::bigint as read,
    (sum(l.read_rows) / nullif(sum(extract(epoch from l.completed_at - l.started_at)), 0))::float as rows_per_second
from periods as h
left join public.gl_sync_logs as l
    on l.workspace_id = %(workspace)s
    and (%(mapping)s::uuid is null or l.mapping_id = %(mapping)s::uuid)
    and l.started_at >= h.begins
    and l.started_at < h.ends
group by h.hour
order by h.hour
