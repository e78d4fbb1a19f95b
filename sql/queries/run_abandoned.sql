-- Runs of this mapping that stopped without a word: their process is gone, because the lease could be taken from it.
update public.gl_sync_logs
set status = 'failed', completed_at = clock_timestamp(), stage = null, error_type = 'LEASE_LOST',
    message = 'The process that worked on this run ended without finishing it; a later run carried on from its last page.',
    hint = 'Nothing to do. Rows stored before stay.'
where mapping_id = %(mapping)s and id <> %(log)s and completed_at is null
    and (status = 'processing' or job_id is null and started_at < now() - interval '1 minute')
returning id
