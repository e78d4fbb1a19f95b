-- What somebody is in a workspace.
select m.role, m.source
from glsync.members as m
where m.user_id = %(user)s and m.workspace_id = %(workspace)s
