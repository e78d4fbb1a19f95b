-- Of a mapping that never ran to its end: another one between the same two tables that did, and may go on doing so. Its
-- name stays in its workspace.
select case when o.workspace_id = m.workspace_id then o.name end
from public.gl_mappings as m
join public.gl_mappings as o
    on o.id <> m.id and o.glide_table = m.glide_table
    and glsync.target_oid(o.supabase_table) = glsync.target_oid(m.supabase_table)
where m.id = %(mapping)s
    and not m.options ? 'rearmed'
    and not exists (
        select from public.gl_sync_logs as l
        where l.mapping_id = m.id and l.status in ('completed', 'completed_with_errors')
    )
    and exists (
        select from public.gl_sync_logs as l
        where l.mapping_id = o.id and l.status in ('completed', 'completed_with_errors')
    )
order by o.created_at
limit 1
