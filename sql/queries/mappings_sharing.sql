-- Other mappings of the workspace that write to the same table.
select m.name
from public.gl_mappings as m
where m.workspace_id = %(workspace)s
    and m.id is distinct from %(id)s::uuid
    and glsync.target_schema(m.supabase_table) || '.' || glsync.target_table(m.supabase_table) = %(target)s
order by m.name
