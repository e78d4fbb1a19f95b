-- Accept the open invitations for a proven e-mail address.
update glsync.invitations as i
set accepted_at = now(), accepted_by = %(person)s
where i.email = %(email)s and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()
returning i.workspace_id, i.role
