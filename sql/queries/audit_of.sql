-- What happened to one thing, newest first.
select a.at, a.actor, a.action, a.before, a.after
from glsync.audit as a
where a.workspace_id = %(workspace)s and a.subject_type = %(subject)s and a.subject_id = %(id)s
order by a.at desc, a.id desc
limit %(limit)s
