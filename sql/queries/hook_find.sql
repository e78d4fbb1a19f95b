-- The webhook with this address, and the mapping it is for; that it was called is noted once in ten seconds.
with found as (
    select h.id, h.name, h.workspace_id, h.header_hash, h.signing_keys, h.last_called_at, h.mapping_id
    from glsync.hooks as h
    where h.path_hash = %(hash)s
),
noted as (
    update glsync.hooks as h set last_called_at = now()
    from found
    where h.id = found.id and (found.last_called_at is null or found.last_called_at < now() - interval '10 seconds')
)
select
    found.id, found.name, found.workspace_id, found.header_hash, found.signing_keys, found.mapping_id,
    m.name as mapping_name, m.status as mapping_status, m.enabled
from found
join public.gl_mappings as m on m.id = found.mapping_id
