-- Mappings of a workspace with how they stand; one by id or name, those of one connection, or those a search finds.
SELECT
    m.id, m.name, m.connection_id, c.name AS connection_name, m.glide_table,
    m.glide_table_display_name AS glide_table_name,
    glsync.target_schema(m.supabase_table) || '.' || glsync.target_table(m.supabase_table) AS target,
    m.sync_direction AS direction, m.enabled, m.status, m.version,
    s.current_status, s.last_success_at AS last_success, s.last_sync_started_at AS last_started,
    cast(NULL AS timestamptz) AS next_run,
    s.total_records AS records, s.error_count AS open_errors,
    s.last_log_id, s.last_message, s.last_error_type
FROM public.gl_mappings AS m
JOIN public.gl_connections AS c ON c.id = m.connection_id
JOIN public.gl_mapping_status AS s ON s.mapping_id = m.id
WHERE m.workspace_id = :workspace
    AND (cast(:id AS uuid) IS NULL OR m.id = cast(:id AS uuid))
    AND (cast(:connection AS uuid) IS NULL OR m.connection_id = cast(:connection AS uuid))
    AND (cast(:name AS text) IS NULL OR m.name = cast(:name AS text))
    AND (
        :search = ''
        OR strpos(lower(concat_ws(' ', m.name, c.name, m.glide_table_display_name, m.supabase_table)), lower(:search)) > 0
    )
ORDER BY m.name
LIMIT :limit OFFSET :offset
