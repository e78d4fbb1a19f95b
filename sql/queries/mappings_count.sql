-- How many mappings of a workspace a search finds.
select count(*)
from public.gl_mappings as m
join public.gl_connections as c on c.id = m.connection_id
where m.workspace_id = %(workspace)s
    and (
        %(search)s = ''
        or strpos(lower(concat_ws(' ', m.name, c.name, m.glide_table_display_name, m.supabase_table)), lower(%(search)s)) > 0
    )
