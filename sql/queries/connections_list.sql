-- Connections of a workspace with how many mappings use each; by name or by id when one is asked for.
SELECT
    c.id, c.name, c.app_id, c.app_name, c.status, c.status_message, c.api_key_last4 AS key_last4, c.last_checked_at,
    c.settings, c.version, c.created_at,
    coalesce(used.last_sync, c.last_sync) AS last_sync,
    coalesce(used.mappings, 0) AS used_by
FROM public.gl_connections AS c
LEFT JOIN LATERAL (
    SELECT
        count(*) AS mappings,
        max((SELECT max(l.completed_at) FROM public.gl_sync_logs AS l WHERE l.mapping_id = m.id)) AS last_sync
    FROM public.gl_mappings AS m
    WHERE m.connection_id = c.id
) AS used ON true
WHERE c.workspace_id = :workspace
    AND (cast(:id AS uuid) IS NULL OR c.id = cast(:id AS uuid))
    AND (cast(:name AS text) IS NULL OR c.name = cast(:name AS text))
ORDER BY c.name
