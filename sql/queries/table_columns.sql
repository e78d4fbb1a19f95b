-- The columns of one table in their order, with what a writer must know about each.
select
    a.attname as name,
    case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod)
         else format_type(a.atttypid, a.atttypmod) end as type,
    (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e
     where e.enumtypid = coalesce(nullif(t.typbasetype, 0), t.oid)) as words,
    not (a.attnotnull or t.typnotnull) as nullable,
    (a.atthasdef and a.attgenerated = '') or a.attidentity <> '' or t.typdefault is not null as has_default,
    a.attgenerated <> '' or a.attidentity = 'a' as generated,
    exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey))
        as primary_key,
    exists (select from pg_index i
            where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null
              and i.indnkeyatts = 1 and i.indkey[0] = a.attnum) as "unique"
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
where n.nspname = %(schema)s and c.relname = %(table)s and c.relkind in ('r', 'p')
order by a.attnum
