-- Columns of a table that seem to mean rows of other mappings: a foreign key leads to that mapping's table, or the name is
-- rowid_ and then the mapping's, or its table's.
select a.attname as column_name, (array_agg(m.name order by k.oid is null, m.name))[1] as parent
from pg_catalog.pg_attribute as a
inner join public.gl_mappings as m on m.workspace_id = %(workspace)s
left join pg_catalog.pg_constraint as k
    on k.contype = 'f' and k.conrelid = a.attrelid and cardinality(k.conkey) = 1 and k.conkey[1] = a.attnum
    and k.confrelid = glsync.target_oid(m.supabase_table)
where a.attrelid = glsync.target_oid(%(target)s) and a.attnum > 0 and not a.attisdropped
    and (
        k.oid is not null
        or a.attname in ('rowid_' || m.name, 'rowid_' || regexp_replace(glsync.target_table(m.supabase_table), '^gl_', ''))
    )
group by a.attname
