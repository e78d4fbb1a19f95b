-- How many rows the statistics believe a table has: null when it was never analysed.
select nullif(c.reltuples, -1)::bigint as rows
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = %(schema)s and c.relname = %(table)s and c.relkind in ('r', 'p')
