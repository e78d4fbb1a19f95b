-- Mark errors for the next run.
update public.gl_sync_errors as e
set state = 'retrying', next_retry_at = now()
where {errors_filter}
    and e.state = 'open'
    and e.retryable is distinct from false
returning e.id
