-- Per active mapping, how long ago its tables were last brought in step; null when never.
SELECT
    m.id AS mapping_id, m.name AS mapping, s.last_success_at,
    extract(epoch FROM now() - s.last_success_at)::float AS age_seconds
FROM public.gl_mappings AS m
JOIN public.gl_mapping_status AS s ON s.mapping_id = m.id
WHERE m.workspace_id = :workspace AND m.enabled AND m.status = 'active'
ORDER BY s.last_success_at NULLS FIRST, m.name
