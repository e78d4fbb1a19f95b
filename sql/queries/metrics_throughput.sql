-- Rows stored per hour of the period, every hour, and the rows a second the runs of that hour reached.
select
    h.hour at time zone 'UTC' as hour,
    coalesce(sum(l.records_processed), 0)::bigint as stored,
    coalesce(sum(l.read_rows), 0)::bigint as read,
    (sum(l.read_rows) / nullif(sum(extract(epoch from l.completed_at - l.started_at)), 0))::float as rows_per_second
from generate_series(
    date_trunc('hour', now() at time zone 'UTC') - make_interval(hours => %(hours)s - 1),
    date_trunc('hour', now() at time zone 'UTC'),
    '1 hour'
) as h (hour)
left join public.gl_sync_logs as l
    on l.workspace_id = %(workspace)s
    and (%(mapping)s::uuid is null or l.mapping_id = %(mapping)s::uuid)
    and l.started_at >= h.hour at time zone 'UTC'
    and l.started_at < (h.hour + interval '1 hour') at time zone 'UTC'
group by h.hour
order by h.hour
