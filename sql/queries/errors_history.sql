-- What people did with one error, by itself or together with others.
select a.at, a.actor, a.action, a.after ->> 'notes' as notes
from glsync.audit as a
where a.workspace_id = %(workspace)s
    and (
        (a.subject_type = 'error' and a.subject_id = %(id)s)
        or (a.subject_type = 'errors' and a.after -> 'ids' ? %(id)s)
    )
order by a.at, a.id
