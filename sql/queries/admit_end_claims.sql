-- End the memberships that came by a claim and are no longer told.
delete from glsync.members as m
where m.user_id = %(user)s and m.source = 'claims' and m.workspace_id <> all (%(kept)s::uuid[])
returning m.workspace_id, m.role
