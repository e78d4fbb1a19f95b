-- What changed in the tables of a mapping since it was saved, as its last run saw it.
select n.value ->> 'column' as column, n.value ->> 'message' as message, (n.value ->> 'stops')::boolean as stops
from glsync.shapes as s
cross join jsonb_array_elements(s.notices) with ordinality as n
where s.mapping_id = %(mapping)s and s.mapping_version = %(version)s
order by n.ordinality
