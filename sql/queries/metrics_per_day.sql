-- Runs and rows per UTC day, every day of the period, days without runs as zeros.
SELECT
    cast(d.day AS date) AS day,
    count(l.id) AS runs,
    count(l.id) FILTER (WHERE l.status = 'completed') AS completed,
    count(l.id) FILTER (WHERE l.status = 'completed_with_errors') AS completed_with_errors,
    count(l.id) FILTER (WHERE l.status = 'failed') AS failed,
    count(l.id) FILTER (WHERE l.status = 'cancelled') AS cancelled,
    coalesce(sum(l.read_rows), 0)::bigint AS read,
    coalesce(sum(l.created_rows), 0)::bigint AS created,
    coalesce(sum(l.updated_rows), 0)::bigint AS updated,
    coalesce(sum(l.deleted_rows), 0)::bigint AS deleted,
    coalesce(sum(l.records_processed), 0)::bigint AS stored,
    coalesce(sum(l.failed_rows), 0)::bigint AS rejected,
    coalesce(sum(l.price), 0)::float AS price
FROM generate_series(
    date_trunc('day', now() AT TIME ZONE 'UTC') - make_interval(days => :days - 1),
    date_trunc('day', now() AT TIME ZONE 'UTC'),
    '1 day'
) AS d (day)
LEFT JOIN public.gl_sync_logs AS l
    ON l.workspace_id = :workspace
    AND (cast(:mapping AS uuid) IS NULL OR l.mapping_id = cast(:mapping AS uuid))
    AND l.started_at >= d.day AT TIME ZONE 'UTC'
    AND l.started_at < (d.day + interval '1 day') AT TIME ZONE 'UTC'
GROUP BY d.day
ORDER BY d.day
