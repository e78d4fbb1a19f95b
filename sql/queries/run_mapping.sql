-- Everything a run must know about its mapping and its connection.
select
    m.id as mapping_id, m.workspace_id, m.name, m.glide_table, m.glide_table_display_name,
    glsync.target_schema(m.supabase_table) as schema, glsync.target_table(m.supabase_table) as "table",
    m.column_mappings, m.sync_direction, m.deletes, m.delete_grace, m.conflict_policy, m.marker_column, m.enabled,
    m.options, m.version,
    c.id as connection_id, c.name as connection_name, c.app_id, c.app_name, c.api_key, c.settings
from public.gl_mappings as m
join public.gl_connections as c on c.id = m.connection_id
where m.id = %(mapping)s
