-- The undo of a run begins: its log says that its plan was accepted, and the mapping rests until somebody resumes it. What
-- Glide said is not relied on any more, so the next run compares every row.
with accepted as (
    update public.gl_sync_logs as l
    set options = l.options || '{"accepted": true}'
    where l.id = %(log)s
    returning l.actor
), forgotten as (
    update glsync.base_state as b
    set complete = false, glide_version = null, verified_at = null
    where b.mapping_id = %(mapping)s
)
update public.gl_mappings as m
set enabled = false, options = m.options || jsonb_build_object(
        'pause', format(%(reason)s, to_char(u.started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), coalesce(a.actor, 'somebody'))
    )
from accepted as a, public.gl_sync_logs as u
where m.id = %(mapping)s and u.id = %(undone)s
