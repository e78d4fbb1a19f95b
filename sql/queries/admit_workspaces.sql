-- All workspaces by name.
select w.id, w.name
from glsync.workspaces as w
