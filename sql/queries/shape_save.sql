-- What both tables look like to the mapping as it is now saved, and what has changed since.
insert into glsync.shapes as s (mapping_id, mapping_version, glide, postgres, key, notices)
values (%(mapping)s, %(version)s, %(glide)s, %(postgres)s, %(key)s, %(notices)s)
on conflict (mapping_id) do update
set mapping_version = excluded.mapping_version, glide = excluded.glide, postgres = excluded.postgres, key = excluded.key,
    notices = excluded.notices, seen_at = now()
