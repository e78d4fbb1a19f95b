-- The references of every mapping in the workspace of one.
select r.*
from public.gl_mappings as m
cross join lateral glsync.pairs_of(to_jsonb(m)) as r
where m.id = %(mapping)s
order by r.child, r.glide_id
