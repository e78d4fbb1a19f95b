-- What table this is: its oid changes when it is dropped and made again, a column's number when the column is, and
-- the file it is stored in when alter table writes every row anew, of which no trigger hears. `hides`: row-level security
-- may keep rows from the role we are, because no policy shows it every row, or one holds some back.
select
    c.oid::bigint as oid, c.relkind = 'p' or c.relhassubclass as is_divided, c.relfilenode::bigint as file,
    (
        select json_object_agg(a.attname, a.attnum)
        from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ) as places,
    row_security_active(c.oid) and not coalesce(policies.show and not policies.hold, false) as hides
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
    select
        bool_or(p.polpermissive and every_row.shown) as show,
        bool_or(not p.polpermissive and not every_row.shown) as hold
    from pg_policy as p
    cross join lateral (select coalesce(pg_get_expr(p.polqual, p.polrelid) = 'true', false) as shown) as every_row
    where p.polrelid = c.oid and p.polcmd in ('r', '*')
        and exists (select from unnest(p.polroles) as role where role = 0 or pg_has_role(role, 'usage'))
) as policies
where n.nspname = %(schema)s and c.relname = %(table)s and c.relkind in ('r', 'p')
