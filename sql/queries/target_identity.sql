-- What table this is: its oid changes when it is dropped and made again, a column's number when the column is.
select
    c.oid::bigint as oid, c.relkind = 'p' or c.relhassubclass as is_divided,
    (
        select json_object_agg(a.attname, a.attnum)
        from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ) as places
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = %(schema)s and c.relname = %(table)s and c.relkind in ('r', 'p')
