-- How many mappings of a workspace a search finds.
SELECT count(*)
FROM public.gl_mappings AS m
JOIN public.gl_connections AS c ON c.id = m.connection_id
WHERE m.workspace_id = :workspace
    AND (
        :search = ''
        OR strpos(lower(concat_ws(' ', m.name, c.name, m.glide_table_display_name, m.supabase_table)), lower(:search)) > 0
    )
