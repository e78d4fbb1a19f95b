-- What a workspace is called.
select w.name
from glsync.workspaces as w
where w.id = %(workspace)s
