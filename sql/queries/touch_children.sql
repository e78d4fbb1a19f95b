-- Rows of a table went away: the mappings that refer to it look at every row of theirs in their next run.
insert into glsync.touched (mapping_id, xid, workspace_id)
select c.id, pg_current_xact_id(), c.workspace_id
from public.gl_mappings as p
inner join public.gl_mappings as c on c.workspace_id = p.workspace_id
where p.id = %(mapping)s
    and jsonb_path_exists(c.column_mappings, '$.*.reference ? (@ == $name)', jsonb_build_object('name', p.name))
on conflict do nothing
