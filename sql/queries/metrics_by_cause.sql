-- Errors first seen in the period by type, and how many of them are still open.
SELECT
    e.error_type AS type,
    count(*) AS errors,
    count(*) FILTER (WHERE e.resolved_at IS NULL) AS open
FROM public.gl_sync_errors AS e
WHERE e.workspace_id = :workspace
    AND (cast(:mapping AS uuid) IS NULL OR e.mapping_id = cast(:mapping AS uuid))
    AND e.created_at >= (date_trunc('day', now() AT TIME ZONE 'UTC') - make_interval(days => :days - 1)) AT TIME ZONE 'UTC'
GROUP BY e.error_type
ORDER BY errors DESC, type
