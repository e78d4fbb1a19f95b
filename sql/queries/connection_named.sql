-- What Glide calls the app of a connection that nobody has tested yet.
update public.gl_connections set app_name = %(name)s where id = %(connection)s and coalesce(app_name, '') = ''
