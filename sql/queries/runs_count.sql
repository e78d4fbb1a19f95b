-- How many runs of a workspace pass the filter.
select count(*)
from public.gl_sync_logs as l
where l.workspace_id = %(workspace)s
    and (%(mapping)s::uuid is null or l.mapping_id = %(mapping)s::uuid)
    and (cardinality(%(statuses)s::text[]) = 0 or l.status = any (%(statuses)s::text[]))
    and (cardinality(%(triggers)s::text[]) = 0 or l.trigger = any (%(triggers)s::text[]))
    and (%(since)s::timestamptz is null or l.started_at >= %(since)s::timestamptz)
