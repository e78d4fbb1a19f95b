-- The mappings of a workspace by name, for lists to choose from.
select m.id, m.name, m.status, m.enabled
from public.gl_mappings as m
where m.workspace_id = %(workspace)s
order by m.name
