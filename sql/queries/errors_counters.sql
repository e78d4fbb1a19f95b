-- Errors of a workspace by state, and how old the oldest open one is.
SELECT e.state, count(*) AS count, min(e.created_at) AS oldest
FROM public.gl_sync_errors AS e
WHERE e.workspace_id = :workspace
GROUP BY e.state
