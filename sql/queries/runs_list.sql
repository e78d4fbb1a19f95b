-- Runs of a workspace, newest first, that pass the filter. An empty list filters nothing.
select
    l.id, l.mapping_id, m.name as mapping_name,
    glsync.target_schema(m.supabase_table) || '.' || glsync.target_table(m.supabase_table) as target,
    l.status, l.trigger, l.actor, l.direction, l.stage, l.message, l.started_at, l.completed_at,
    extract(epoch from coalesce(l.completed_at, now()) - l.started_at)::float as seconds,
    l.read_rows, l.created_rows, l.updated_rows, l.deleted_rows, l.skipped_rows, l.failed_rows, l.conflict_rows,
    l.expected_rows, l.price, l.waiting, l.error_type, l.hint, l.heartbeat_at, l.mapping_version, l.cancel_requested,
    (l.options ->> 'undo')::uuid as undo_of
from public.gl_sync_logs as l
join public.gl_mappings as m on m.id = l.mapping_id
where l.workspace_id = %(workspace)s
    and (%(id)s::uuid is null or l.id = %(id)s::uuid)
    and (%(mapping)s::uuid is null or l.mapping_id = %(mapping)s::uuid)
    and (cardinality(%(statuses)s::text[]) = 0 or l.status = any (%(statuses)s::text[]))
    and (cardinality(%(triggers)s::text[]) = 0 or l.trigger = any (%(triggers)s::text[]))
    and (%(since)s::timestamptz is null or l.started_at >= %(since)s::timestamptz)
    and (not %(unfinished)s or l.completed_at is null)
order by l.started_at desc, l.id
limit %(limit)s offset %(offset)s
