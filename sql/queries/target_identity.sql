-- What table this is: its oid changes when it is dropped and made again.
select c.oid::bigint as oid, c.relkind = 'p' or c.relhassubclass as is_divided
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = %(schema)s and c.relname = %(table)s and c.relkind in ('r', 'p')
