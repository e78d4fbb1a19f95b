-- The workspaces somebody belongs to, the one they looked at last first.
select m.workspace_id, w.name as workspace, m.role, m.last_seen_at
from glsync.members as m
join glsync.workspaces as w on w.id = m.workspace_id
where m.user_id = %(user)s
order by m.last_seen_at desc nulls last, w.name
