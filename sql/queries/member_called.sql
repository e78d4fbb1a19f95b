-- Call somebody in one workspace as they are called in another.
update glsync.members as m
set email = o.email, name = o.name
from glsync.members as o
where m.user_id = %(user)s and m.workspace_id = %(workspace)s and o.user_id = m.user_id and o.workspace_id = %(like)s
