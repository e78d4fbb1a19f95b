-- Causes that are ignored, newest first.
select
    i.id, i.mapping_id, m.name as mapping_name, i.error_type as type, i.column_name as "column", i.rule, i.until, i.notes,
    i.created_by, i.created_at
from glsync.ignored_causes as i
join public.gl_mappings as m on m.id = i.mapping_id
where i.workspace_id = %(workspace)s and (i.until is null or i.until > now())
order by i.created_at desc
