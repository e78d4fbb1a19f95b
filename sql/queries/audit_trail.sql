-- Everything that was changed in a workspace, newest first.
select a.at, a.actor, a.action, a.subject_type, a.subject_name, a.before, a.after
from glsync.audit as a
where a.workspace_id = %(workspace)s
order by a.at desc, a.id desc
limit %(limit)s offset %(offset)s
