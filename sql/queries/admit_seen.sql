-- How somebody is called, as whoever signed them in says now.
update glsync.members as m
set email = coalesce(%(email)s, m.email), name = %(name)s
where m.user_id = %(user)s and (m.email, m.name) is distinct from (coalesce(%(email)s, m.email), %(name)s)
