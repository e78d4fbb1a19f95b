-- Errors, the newest first.
select
    e.id, e.mapping_id, m.name as mapping_name, e.error_type as type, e.error_message as message,
    e.column_name as "column", e.glide_row_id, e.value, e.rule, e.hint, e.record_data as record, e.retryable, e.attempts,
    e.created_at, e.last_seen_at, e.next_retry_at, e.state, e.resolved_at, e.resolved_by,
    e.resolution_notes as notes, e.log_id,
    e.assigned_to, e.ignored_until,
    exists (
        select from public.gl_sync_errors as o
        where o.mapping_id = e.mapping_id and o.fingerprint = e.fingerprint and o.state = 'resolved'
            and o.created_at < e.created_at
    ) as returned
from public.gl_sync_errors as e
join public.gl_mappings as m on m.id = e.mapping_id
where {errors_filter}
order by e.created_at desc, e.id
limit %(limit)s offset %(offset)s
