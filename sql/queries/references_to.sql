-- The other mappings of a workspace that refer to one.
select m.name
from public.gl_mappings as m
where m.workspace_id = %(workspace)s and m.name <> %(name)s
    and jsonb_path_exists(m.column_mappings, '$.*.reference ? (@ == $name)', jsonb_build_object('name', %(name)s::text))
order by m.name
