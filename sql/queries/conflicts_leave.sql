-- Take back picks that no run has carried out yet; where the conflict was met again meanwhile, that one stands.
update public.gl_conflicts as c
set state = case when exists (
        select from public.gl_conflicts as o
        where o.mapping_id = c.mapping_id and o.state = 'open'
            and coalesce(o.glide_row_id, o.pg_key) = coalesce(c.glide_row_id, c.pg_key)
            and coalesce(o.column_name, '') = coalesce(c.column_name, '')
    ) then 'gone' else 'open' end,
    resolution = null, resolved_at = null, resolved_by = null, resolution_notes = null
where {conflicts_filter}
    and c.state = 'resolved' and c.applied_at is null
returning c.id, c.mapping_id
