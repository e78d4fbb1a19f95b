-- Errors by cause: one row per mapping, type, column and rule, the largest first.
SELECT
    g.mapping_id, m.name AS mapping_name, g.type, g."column", g.rule, g.count, g.first_seen, g.last_seen,
    g.sample_value, g.sample_message
FROM (
    SELECT
        e.mapping_id, e.error_type AS type, e.column_name AS "column", e.rule,
        count(*) AS count,
        min(e.created_at) AS first_seen,
        max(e.last_seen_at) AS last_seen,
        min(e.value COLLATE "C") AS sample_value,
        min(e.error_message COLLATE "C") AS sample_message
    FROM public.gl_sync_errors AS e
    WHERE {errors_filter}
    GROUP BY e.mapping_id, e.error_type, e.column_name, e.rule
) AS g
JOIN public.gl_mappings AS m ON m.id = g.mapping_id
ORDER BY g.count DESC, g.last_seen DESC, m.name, g.type, g."column", g.rule
LIMIT :limit OFFSET :offset
