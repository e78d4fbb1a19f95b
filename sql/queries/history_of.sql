-- What a run replaced, in the order in which it did.
select side, operation, link_id::text, glide_row_id, pg_key, before, after
from glsync.history
where log_id = %(log)s
order by id
