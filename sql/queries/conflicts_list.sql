-- Conflicts, the oldest first: whoever waits longest is asked about first.
select
    c.id, c.mapping_id, m.name as mapping_name, m.conflict_policy as policy, c.kind, c.column_name as "column",
    c.glide_row_id, c.pg_key, c.base_value as base, c.glide_value as glide, c.postgres_value as postgres,
    {conflicts_state} as state, c.resolution, c.created_at, c.last_seen_at, c.resolved_at, c.resolved_by,
    c.resolution_notes as notes, c.applied_at, c.log_id
from public.gl_conflicts as c
join public.gl_mappings as m on m.id = c.mapping_id
where {conflicts_filter}
order by c.created_at, c.glide_row_id, c.pg_key, c.column_name nulls first, c.id
limit %(limit)s offset %(offset)s
