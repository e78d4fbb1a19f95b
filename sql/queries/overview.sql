-- One row that says how the whole workspace stands.
SELECT
    count(*) AS mappings_total,
    count(*) FILTER (WHERE m.status = 'active' AND m.enabled) AS mappings_active,
    count(*) FILTER (
        WHERE m.enabled AND m.status = 'active'
            AND (s.current_status IN ('failed', 'completed_with_errors') OR s.error_count > 0 OR c.status = 'error')
    ) AS attention,
    count(*) FILTER (WHERE s.current_status IN ('started', 'processing')) AS running,
    min(s.last_success_at) FILTER (WHERE m.enabled AND m.status = 'active') AS oldest_freshness,
    count(*) FILTER (WHERE m.enabled AND m.status = 'active' AND s.last_success_at IS NULL) AS never_run,
    coalesce(bool_or(s.last_success_at IS NOT NULL), false) AS ever_synced,
    (SELECT count(*) FROM public.gl_connections AS k WHERE k.workspace_id = :workspace) AS connections_total,
    (
        SELECT count(*) FROM public.gl_sync_errors AS e
        WHERE e.workspace_id = :workspace AND e.resolved_at IS NULL
    ) AS open_errors,
    (
        SELECT (count(*) FILTER (WHERE l.status IN ('completed', 'completed_with_errors')))::float
            / nullif(count(*) FILTER (WHERE l.status IN ('completed', 'completed_with_errors', 'failed')), 0)
        FROM public.gl_sync_logs AS l
        WHERE l.workspace_id = :workspace AND l.started_at >= now() - interval '7 days'
    ) AS success_rate_7d
FROM public.gl_mappings AS m
JOIN public.gl_connections AS c ON c.id = m.connection_id
JOIN public.gl_mapping_status AS s ON s.mapping_id = m.id
WHERE m.workspace_id = :workspace
