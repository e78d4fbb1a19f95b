-- What is wrong with a mapping given as JSON, errors first.
select severity, message, glide_id as "column", fix
from glsync.mapping_problems(%(mapping)s::jsonb, %(editing)s)
