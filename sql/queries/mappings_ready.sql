-- The mappings of a workspace that may run, all of them or those of these names.
select m.id::text, m.name
from public.gl_mappings as m
where m.workspace_id = %(workspace)s and m.enabled and m.status = 'active'
    and (%(names)s::text[] is null or m.name = any(%(names)s))
order by m.name
