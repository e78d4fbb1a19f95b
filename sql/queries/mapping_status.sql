-- How one mapping stands.
select s.*
from public.gl_mapping_status as s
join public.gl_mappings as m on m.id = s.mapping_id
where s.mapping_id = %(mapping)s and m.workspace_id = %(workspace)s
