-- How many runs of a workspace pass the filter.
SELECT count(*)
FROM public.gl_sync_logs AS l
WHERE l.workspace_id = :workspace
    AND (cast(:mapping AS uuid) IS NULL OR l.mapping_id = cast(:mapping AS uuid))
    AND (cardinality(cast(:statuses AS text[])) = 0 OR l.status = ANY (cast(:statuses AS text[])))
    AND (cardinality(cast(:triggers AS text[])) = 0 OR l.trigger = ANY (cast(:triggers AS text[])))
    AND (cast(:since AS timestamptz) IS NULL OR l.started_at >= cast(:since AS timestamptz))
