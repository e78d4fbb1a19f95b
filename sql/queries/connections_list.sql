-- Connections of a workspace with how many mappings use each; by name or by id when one is asked for.
select
    c.id, c.name, c.app_id, c.app_name, c.status, c.status_message, c.api_key_last4 as key_last4, c.last_checked_at,
    c.settings, c.version, c.created_at,
    coalesce(used.last_sync, c.last_sync) as last_sync,
    coalesce(used.mappings, 0) as used_by
from public.gl_connections as c
left join lateral (
    select
        count(*) as mappings,
        max((select max(l.completed_at) from public.gl_sync_logs as l where l.mapping_id = m.id)) as last_sync
    from public.gl_mappings as m
    where m.connection_id = c.id
) as used on true
where c.workspace_id = %(workspace)s
    and (%(id)s::uuid is null or c.id = %(id)s::uuid)
    and (%(name)s::text is null or c.name = %(name)s::text)
order by c.name
