-- Open ended errors again; of several of the same thing only the newest, and none beside one that is open.
update public.gl_sync_errors as e
set state = 'open', resolved_at = null, resolved_by = null, resolution_notes = null, ignored_until = null
where {errors_filter}
    and e.state in ('resolved', 'ignored')
    and not exists (
        select from public.gl_sync_errors as o
        where o.mapping_id = e.mapping_id and o.fingerprint = e.fingerprint and o.id <> e.id
            and (o.state <> 'resolved' or (o.created_at, o.id) > (e.created_at, e.id))
    )
returning e.id
