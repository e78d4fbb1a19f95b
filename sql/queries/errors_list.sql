-- Errors, the newest first.
SELECT
    e.id, e.mapping_id, m.name AS mapping_name, e.error_type AS type, e.error_message AS message,
    e.column_name AS "column", e.glide_row_id, e.value, e.rule, e.hint, e.record_data AS record, e.retryable, e.attempts,
    e.created_at, e.last_seen_at, e.next_retry_at, e.state, e.resolved_at, e.resolved_by,
    e.resolution_notes AS notes, e.log_id
FROM public.gl_sync_errors AS e
JOIN public.gl_mappings AS m ON m.id = e.mapping_id
WHERE {errors_filter}
ORDER BY e.created_at DESC, e.id
LIMIT :limit OFFSET :offset
