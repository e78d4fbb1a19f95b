-- A mapping of a workspace by its id or its name, and whether it may run.
select id, name, status, enabled, options ->> 'pause' as pause from public.gl_mappings
where workspace_id = %(workspace)s and (id = %(id)s::uuid or name = %(name)s)
