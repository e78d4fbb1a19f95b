-- Pick a side for conflicts that are open, or picked and not carried out yet. Of one row and column only the newest pick is
-- kept: an older one was for values that are no longer there.
with picked as (
    update public.gl_conflicts as c
    set state = 'resolved', resolution = %(side)s, resolved_at = now(), resolved_by = %(actor)s,
        resolution_notes = %(notes)s
    where {conflicts_filter}
    returning c.id, c.mapping_id, c.glide_row_id, c.pg_key, c.column_name
), older as (
    update public.gl_conflicts as o
    set state = 'gone'
    from picked as p
    where o.mapping_id = p.mapping_id and o.state = 'resolved' and o.applied_at is null
        and coalesce(o.glide_row_id, o.pg_key) = coalesce(p.glide_row_id, p.pg_key)
        and o.column_name is not distinct from p.column_name
        and o.id not in (select k.id from picked as k)
)
select p.id, p.mapping_id from picked as p
