-- Let workers with a narrow login read and write this table; nothing when it is not there or not ours to open.
select glsync.let_worker_in(found.id)
from (select glsync.target_oid(%(target)s) as id) as found
where found.id is not null
