-- Make somebody a member with this role, unless they are one already. An invitation takes no role away.
insert into glsync.members as m (workspace_id, user_id, role, email, name, source)
values (%(workspace)s, %(user)s, %(role)s, %(email)s, %(name)s, %(source)s)
on conflict (workspace_id, user_id) do update
set role = excluded.role, source = excluded.source
where (m.role, m.source) is distinct from (excluded.role, excluded.source)
    and (excluded.source = 'claims' or glsync.role_rank(excluded.role) > glsync.role_rank(m.role))
