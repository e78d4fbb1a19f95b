-- A complete read met every row: what a run once found wrong and this read did not is right now.
update public.gl_sync_errors
set state = 'resolved', resolved_at = now(), resolved_by = 'Glide Sync', next_retry_at = null,
    resolution_notes = 'Stored by a later run, or gone from Glide.'
where mapping_id = %(mapping)s and state in ('open', 'retrying') and log_id is not null and last_seen_at < %(since)s
