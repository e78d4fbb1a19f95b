-- The last lines a run logged, oldest first.
SELECT at, level, message
FROM (
    SELECT e.id, e.at, e.level, e.message
    FROM glsync.run_events AS e
    WHERE e.log_id = :log AND e.workspace_id = :workspace
    ORDER BY e.id DESC
    LIMIT :limit
) AS last_lines
ORDER BY id
