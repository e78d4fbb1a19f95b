-- A key of Postgres belongs to one row: links that held one of these until now give it up, or end if it is all they had.
with r as (
    select r.id, r.pg_key from jsonb_to_recordset(%(rows)s::jsonb) as r (id uuid, pg_key text) where r.pg_key is not null
), ended as (
    delete from glsync.links as l
    using r
    where l.mapping_id = %(mapping)s and l.pg_key = r.pg_key and l.id <> r.id and l.glide_row_id is null
)
update glsync.links as l
set pg_key = null
from r
where l.mapping_id = %(mapping)s and l.pg_key = r.pg_key and l.id <> r.id and l.glide_row_id is not null
