-- Rows stored per hour of the period, every hour, and the rows a second the runs of that hour reached.
SELECT
    h.hour AT TIME ZONE 'UTC' AS hour,
    coalesce(sum(l.records_processed), 0)::bigint AS stored,
    coalesce(sum(l.read_rows), 0)::bigint AS read,
    (sum(l.read_rows) / nullif(sum(extract(epoch FROM l.completed_at - l.started_at)), 0))::float AS rows_per_second
FROM generate_series(
    date_trunc('hour', now() AT TIME ZONE 'UTC') - make_interval(hours => :hours - 1),
    date_trunc('hour', now() AT TIME ZONE 'UTC'),
    '1 hour'
) AS h (hour)
LEFT JOIN public.gl_sync_logs AS l
    ON l.workspace_id = :workspace
    AND (cast(:mapping AS uuid) IS NULL OR l.mapping_id = cast(:mapping AS uuid))
    AND l.started_at >= h.hour AT TIME ZONE 'UTC'
    AND l.started_at < (h.hour + interval '1 hour') AT TIME ZONE 'UTC'
GROUP BY h.hour
ORDER BY h.hour
