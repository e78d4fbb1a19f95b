-- Say who takes care of errors; null: nobody.
update public.gl_sync_errors as e
set assigned_to = %(assignee_now)s
where {errors_filter}
    and e.state in ('open', 'retrying')
    and e.assigned_to is distinct from %(assignee_now)s
returning e.id
