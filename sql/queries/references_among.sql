-- Who refers to whom, in the workspaces of these mappings, and the mappings themselves (without a parent).
select m.workspace_id::text, m.name as child, null as parent, false as needed, m.id::text
from public.gl_mappings as m
where m.id = any(%(ids)s::uuid[])
union all
select o.workspace_id::text, r.child, r.parent, r.needed, null
from (
    select distinct on (m.workspace_id) m.*
    from public.gl_mappings as m
    where m.id = any(%(ids)s::uuid[])
) as o
cross join lateral glsync.pairs_of(to_jsonb(o)) as r
where r.parent_id is not null
