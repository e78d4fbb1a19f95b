-- How many rows the statistics believe a table has: null when it was never analysed.
SELECT NULLIF(c.reltuples, -1)::bigint AS rows
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND c.relkind IN ('r', 'p')
