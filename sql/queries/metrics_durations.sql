-- How long finished runs took per UTC day, in seconds: the middle one, the slow end, the longest.
SELECT
    (l.started_at AT TIME ZONE 'UTC')::date AS day,
    count(*) AS runs,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY t.seconds) AS p50,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY t.seconds) AS p95,
    max(t.seconds) AS longest
FROM public.gl_sync_logs AS l
CROSS JOIN LATERAL (SELECT extract(epoch FROM l.completed_at - l.started_at)::float AS seconds) AS t
WHERE l.workspace_id = :workspace
    AND (cast(:mapping AS uuid) IS NULL OR l.mapping_id = cast(:mapping AS uuid))
    AND l.status IN ('completed', 'completed_with_errors')
    AND l.completed_at IS NOT NULL
    AND l.started_at >= (date_trunc('day', now() AT TIME ZONE 'UTC') - make_interval(days => :days - 1)) AT TIME ZONE 'UTC'
GROUP BY 1
ORDER BY 1
