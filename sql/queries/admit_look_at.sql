-- Note which workspace somebody looks at.
update glsync.members as m
set last_seen_at = clock_timestamp()
where m.user_id = %(user)s and m.workspace_id = %(workspace)s
