-- The links that rows have now, whichever of their names is known.
select id::text, glide_row_id, pg_key, base_glide, base_postgres, detached
from glsync.links
where mapping_id = %(mapping)s
    and (id = any(%(links)s::uuid[]) or glide_row_id = any(%(ids)s::text[]) or pg_key = any(%(keys)s::text[]))
