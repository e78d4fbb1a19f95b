-- Runs of a workspace, newest first, that pass the filter. An empty list filters nothing.
SELECT
    l.id, l.mapping_id, m.name AS mapping_name,
    glsync.target_schema(m.supabase_table) || '.' || glsync.target_table(m.supabase_table) AS target,
    l.status, l.trigger, l.actor, l.direction, l.stage, l.message, l.started_at, l.completed_at,
    extract(epoch FROM coalesce(l.completed_at, now()) - l.started_at)::float AS seconds,
    l.read_rows, l.created_rows, l.updated_rows, l.deleted_rows, l.skipped_rows, l.failed_rows, l.conflict_rows,
    l.expected_rows, l.price, l.waiting, l.error_type, l.hint, l.heartbeat_at, l.mapping_version, l.cancel_requested
FROM public.gl_sync_logs AS l
JOIN public.gl_mappings AS m ON m.id = l.mapping_id
WHERE l.workspace_id = :workspace
    AND (cast(:id AS uuid) IS NULL OR l.id = cast(:id AS uuid))
    AND (cast(:mapping AS uuid) IS NULL OR l.mapping_id = cast(:mapping AS uuid))
    AND (cardinality(cast(:statuses AS text[])) = 0 OR l.status = ANY (cast(:statuses AS text[])))
    AND (cardinality(cast(:triggers AS text[])) = 0 OR l.trigger = ANY (cast(:triggers AS text[])))
    AND (cast(:since AS timestamptz) IS NULL OR l.started_at >= cast(:since AS timestamptz))
    AND (NOT :unfinished OR l.completed_at IS NULL)
ORDER BY l.started_at DESC, l.id
LIMIT :limit OFFSET :offset
