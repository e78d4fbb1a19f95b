-- What table this is: its oid changes when it is dropped and made again, a column's number when the column is, and
-- the file it is stored in when alter table writes every row anew, of which no trigger hears.
select
    c.oid::bigint as oid, c.relkind = 'p' or c.relhassubclass as is_divided, c.relfilenode::bigint as file,
    (
        select json_object_agg(a.attname, a.attnum)
        from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ) as places
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = %(schema)s and c.relname = %(table)s and c.relkind in ('r', 'p')
