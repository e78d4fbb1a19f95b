insert into glsync.base_pages as b (mapping_id, pass, page, rows, digests, id_hashes, ids)
values (%(mapping)s, %(pass)s, %(page)s, %(rows)s, %(digests)s, %(id_hashes)s, %(ids)s)
on conflict (mapping_id, pass, page) do update
set rows = excluded.rows, digests = excluded.digests, id_hashes = excluded.id_hashes, ids = excluded.ids
