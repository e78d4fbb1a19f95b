-- What happened last, by people and by runs, newest first.
SELECT at, kind, actor, action, subject_type, subject_id, subject_name, level
FROM (
    (
        SELECT
            a.at, 'audit' AS kind, a.actor, a.action, a.subject_type, a.subject_id, a.subject_name, 'info' AS level
        FROM glsync.audit AS a
        WHERE a.workspace_id = :workspace
        ORDER BY a.at DESC
        LIMIT :limit
    )
    UNION ALL
    (
        SELECT
            coalesce(l.completed_at, l.started_at), 'run', coalesce(l.actor, l.trigger), l.status,
            'run', l.id::text, m.name,
            CASE l.status WHEN 'failed' THEN 'error' WHEN 'completed_with_errors' THEN 'warning' ELSE 'info' END
        FROM public.gl_sync_logs AS l
        JOIN public.gl_mappings AS m ON m.id = l.mapping_id
        WHERE l.workspace_id = :workspace
        ORDER BY l.started_at DESC
        LIMIT :limit
    )
) AS happened
ORDER BY at DESC, subject_name
LIMIT :limit
