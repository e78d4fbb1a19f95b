insert into glsync.watched (mapping_id, table_oid) values (%(mapping)s, %(oid)s::oid)
on conflict (mapping_id) do update set table_oid = excluded.table_oid, since = now()
