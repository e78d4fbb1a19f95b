-- What this database was the last time: a comment, because comments are copied with whatever is copied.
select obj_description(n.oid, 'pg_namespace') from pg_namespace as n where n.nspname = 'glsync'
