-- End errors: resolved or ignored.
update public.gl_sync_errors as e
set state = %(to)s, resolved_at = now(), resolved_by = %(actor)s, resolution_notes = %(notes)s, next_retry_at = null,
    ignored_until = %(until)s
where {errors_filter}
    and e.state = any (%(from)s::text[])
returning e.id
