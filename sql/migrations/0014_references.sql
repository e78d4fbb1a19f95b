-- Columns that refer to rows of another mapping. In column_mappings such a pair says `reference`, the name of the parent's
-- mapping, and may say `reference_column`, the column of the parent's table whose values stand in Postgres. The functions
-- here are further forms of pairs_of and pair_problems, so whoever may call those may call these.

-- The references of every mapping in a workspace; the mapping given as JSON (the columns of gl_mappings) counts as given.
-- `parent_id` is null where no mapping has the name. `parent_column` is the one that was named, else the one a foreign
-- key names, else glide_row_id for a text and the primary key for anything else. `needed`: Glide's cell is stored in a
-- column that must not be empty. `is_bound`: a foreign key watches over it.
create function glsync.pairs_of(mapping jsonb)
returns table (
    child_id text, child text, glide_id text, column_name text, type text, needed boolean, data_type text, rule text,
    parent_id text, parent text, parent_schema text, parent_table text, parent_column text, parent_type text,
    is_bound boolean
)
language sql stable set search_path = ''
as $$
    with mappings as materialized (
        select m.id::text as id, m.name, m.supabase_table, m.sync_direction, m.column_mappings
        from public.gl_connections as c
        inner join public.gl_mappings as m on m.workspace_id = c.workspace_id
        where c.id::text = mapping ->> 'connection_id' and m.id::text is distinct from mapping ->> 'id'
        union all
        select
            mapping ->> 'id', coalesce(mapping ->> 'name', ''), coalesce(mapping ->> 'supabase_table', ''),
            coalesce(mapping ->> 'sync_direction', 'to_supabase'), mapping -> 'column_mappings'
    ),
    given as materialized (
        select m.id, m.name, m.supabase_table, m.sync_direction, p.key as glide_id, p.value as pair
        from mappings as m
        cross join lateral jsonb_each(
            case jsonb_typeof(m.column_mappings) when 'object' then m.column_mappings else '{}' end
        ) as p
        where jsonb_typeof(p.value) = 'object' and p.value ->> 'reference' <> '' and p.key <> '$rowID'
    ),
    placed as materialized (
        select
            g.*, own.type, own.needed, parent.id as parent_id, parent.supabase_table as parent_target,
            coalesce(nullif(g.pair ->> 'reference_column', ''), key.watched, case
                when glsync.type_family(own.type) = 'text' then 'glide_row_id' else key.first
            end) as parent_column
        from given as g
        left join mappings as parent on parent.name = g.pair ->> 'reference'
        left join lateral (
            select c.type, c.needed
            from glsync.columns_of(g.supabase_table) as c
            where c.name = g.pair ->> 'supabase_column_name'
        ) as own on true
        left join lateral (
            select
                (
                    select f.attname::text
                    from pg_catalog.pg_constraint as k
                    inner join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
                    inner join pg_catalog.pg_attribute as f on f.attrelid = k.confrelid and f.attnum = k.confkey[1]
                    where k.contype = 'f' and cardinality(k.conkey) = 1
                        and k.conrelid = glsync.target_oid(g.supabase_table)
                        and k.confrelid = glsync.target_oid(parent.supabase_table)
                        and a.attname = g.pair ->> 'supabase_column_name'
                    order by k.conname
                    limit 1
                ) as watched,
                (
                    select f.attname::text
                    from pg_catalog.pg_index as i
                    inner join pg_catalog.pg_attribute as f on f.attrelid = i.indrelid and f.attnum = i.indkey[0]
                    where i.indrelid = glsync.target_oid(parent.supabase_table) and i.indisprimary and i.indnkeyatts = 1
                ) as first
        ) as key on true
    )
    select
        p.id, p.name, p.glide_id, p.pair ->> 'supabase_column_name', p.type,
        coalesce(p.needed, false) and coalesce(p.pair ->> 'direction', p.sync_direction) <> 'to_glide',
        p.pair ->> 'data_type', p.pair ->> 'rule',
        p.parent_id, p.pair ->> 'reference', glsync.target_schema(p.parent_target),
        glsync.target_table(p.parent_target), p.parent_column, c.type,
        exists (
            select
            from pg_catalog.pg_constraint as k
            inner join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
            inner join pg_catalog.pg_attribute as f on f.attrelid = k.confrelid and f.attnum = k.confkey[1]
            where k.contype = 'f' and cardinality(k.conkey) = 1
                and k.conrelid = glsync.target_oid(p.supabase_table)
                and k.confrelid = glsync.target_oid(p.parent_target)
                and a.attname = p.pair ->> 'supabase_column_name' and f.attname = p.parent_column
        )
    from placed as p
    left join lateral (
        select t.type from glsync.columns_of(p.parent_target) as t where t.name = p.parent_column
    ) as c on true
$$;

-- What is wrong with the references of a mapping: each needs a mapping to refer to, a column there that finds one row,
-- the same sort of value on both ends, and no circle that nothing may begin.
create function glsync.pair_problems(mapping jsonb)
returns table (severity text, message text, glide_id text, fix text)
language sql stable set search_path = ''
as $$
    with recursive every as materialized (
        select e.* from glsync.pairs_of(mapping) as e
    ),
    mine as materialized (
        select e.*, format('%s.%s', e.parent_schema, e.parent_table) as target
        from every as e
        where e.child_id is not distinct from mapping ->> 'id' and e.child = coalesce(mapping ->> 'name', '')
    ),
    needing as (
        select m.glide_id, m.parent, array[m.parent] as way from mine as m where m.needed
        union
        select n.glide_id, e.parent, n.way || e.parent
        from needing as n
        inner join every as e on e.child = n.parent and e.needed
        where e.parent <> all (n.way)
    )
    select 'error', format(
        'Glide column "%s" refers to the mapping "%s", and this workspace has none of that name: choose one of the '
        'list.', m.glide_id, m.parent
    ), m.glide_id, null
    from mine as m
    where m.parent_id is null and m.parent <> m.child
    union all
    select 'error', format(
        'Glide column "%s" refers to the rows of %s, and which column of theirs it holds cannot be told: name one as '
        'reference_column.', m.glide_id, m.target
    ), m.glide_id, null
    from mine as m
    where m.parent_table <> '' and m.type is not null and m.parent_column is null
    union all
    select 'error', format(
        'Glide column "%s" refers to column "%s" of %s, which does not exist: name another one as reference_column.',
        m.glide_id, m.parent_column, m.target
    ), m.glide_id, null
    from mine as m
    where glsync.target_oid(m.target) is not null and m.parent_column <> '' and m.parent_type is null
    union all
    select 'error', format(
        'Glide column "%s" refers to column "%s" of %s, which has no unique index of its own, so that a reference could '
        'mean two rows: add one, or name another column as reference_column.', m.glide_id, m.parent_column, m.target
    ), m.glide_id, null
    from mine as m
    where m.parent_type is not null and not glsync.is_row_key(m.target, m.parent_column)
    union all
    select 'error', format(
        'Column "%s" has the type %s and refers to column "%s" of %s, whose type is %s: give both the same type.',
        m.column_name, m.type, m.parent_column, m.target, m.parent_type
    ), m.glide_id, null
    from mine as m
    where glsync.type_family(m.type) <> glsync.type_family(m.parent_type)
        or (glsync.type_family(m.type) = 'other' and m.type <> m.parent_type)
    union all
    select 'error', format(
        'Glide column "%s" refers to rows of "%s" and is read as %s: a reference is the row id of its parent, so read it '
        'as string.', m.glide_id, m.parent, m.data_type
    ), m.glide_id, null
    from mine as m
    where glsync.kind_of(m.data_type) is distinct from 'string'
    union all
    select 'error', format(
        'Glide column "%s" has a rule and refers to rows of "%s": it can have only one of the two.', m.glide_id, m.parent
    ), m.glide_id, null
    from mine as m
    where m.rule <> ''
    union all
    select distinct 'error', format(
        'Glide column "%s" refers to rows of "%s", which lead back to this mapping, and no column on the way may be '
        'empty, so that no row could ever be the first: let one of them be empty with alter table ... alter column ... '
        'drop not null.', m.glide_id, m.parent
    ), m.glide_id, null
    from mine as m
    inner join needing as n on n.glide_id = m.glide_id and n.parent = m.child
$$;

-- As before; what stands in the column of a reference is the parent's key, so its kind says nothing about the type.
create or replace function glsync.pair_problems(supabase_table text, column_mappings jsonb, sync_direction text)
returns table (severity text, message text, glide_id text, fix text)
language sql stable set search_path = ''
as $$
    with pairs as materialized (
        select p.*, coalesce(column_mappings -> p.glide_id ->> 'reference', '') <> '' as refers
        from glsync.pairs_of(column_mappings, sync_direction) as p
        where p.glide_id <> '$rowID'
    ),
    columns as materialized (
        select c.* from glsync.columns_of(supabase_table) as c
    ),
    fitting as materialized (
        select p.glide_id, p.data_type, p.refers, c.name, c.type, c.needed
        from pairs as p
        inner join columns as c on c.name = p.column_name
        where p.writes and not c.generated and (p.refers or glsync.kind_fits(p.kind, c.type))
    )
    select 'error', format(
        'Column "%s" of %s does not exist: add it or choose another one for Glide column "%s".',
        p.column_name, supabase_table, p.glide_id
    ), p.glide_id, 'add_column'
    from pairs as p
    where exists (select from columns) and p.column_name not in (select c.name from columns as c)
    union all
    select 'error', format(
        'Column "%s" of %s is filled by Postgres itself: remove its pair with Glide column "%s", or sync it to Glide '
        'only.', c.name, supabase_table, p.glide_id
    ), p.glide_id, 'remove_pair'
    from pairs as p
    inner join columns as c on c.name = p.column_name
    where c.generated and p.writes
    union all
    select 'error', format(
        'A %s of Glide column "%s" does not fit column "%s" of %s, whose type is %s: use %s.',
        p.kind, p.glide_id, c.name, supabase_table, c.type, glsync.best_type(p.kind)
    ), p.glide_id, 'choose_type'
    from pairs as p
    inner join columns as c on c.name = p.column_name
    where p.kind is not null and not p.refers and not glsync.kind_fits(p.kind, c.type)
    union all
    select 'error', format(
        'Column "%s" of %s must not be empty, has no default and gets nothing from Glide: map a Glide column onto it '
        'or give it a default.', c.name, supabase_table
    ), null, null
    from columns as c
    where sync_direction <> 'to_glide' and c.needed and not c.filled and not c.generated
        and c.name not in (select p.column_name from pairs as p where p.writes)
        and c.name <> 'glide_row_id'
        and not (c.name = 'id' and c.type = 'uuid') -- the engine fills these itself
        and not (c.name in ('created_at', 'updated_at') and c.type = 'timestamp with time zone')
    union all
    select 'warning', format(
        'Column "%s" of %s has the type %s: %s.', f.name, supabase_table, f.type, glsync.narrowing(f.data_type, f.type)
    ), f.glide_id, null
    from fitting as f
    where not f.refers and glsync.narrowing(f.data_type, f.type) is not null
    union all
    select 'warning', format(
        'Column "%s" of %s must not be empty: rows whose cell is empty in Glide column "%s" will be refused.',
        f.name, supabase_table, f.glide_id
    ), f.glide_id, null
    from fitting as f
    where f.needed
$$;

create or replace function glsync.mapping_problems(mapping jsonb, editing boolean default false)
returns table (severity text, message text, glide_id text, fix text)
language sql stable set search_path = ''
as $$
    with words as (
        select
            coalesce(mapping ->> 'supabase_table', '') as target,
            coalesce(mapping ->> 'sync_direction', 'to_supabase') as direction,
            mapping -> 'column_mappings' as columns
    )
    select found.severity, found.message, found.glide_id, found.fix
    from (
        select 1 as part, p.* from glsync.mapping_shape_problems(mapping, editing) as p
        union all
        select 2, p.* from words, glsync.pair_shape_problems(columns) as p where jsonb_typeof(mapping) = 'object'
        union all
        select 3, p.* from words, glsync.target_problems(target, direction) as p where target <> ''
        union all
        select 4, p.* from words, glsync.pair_problems(target, columns, direction) as p where target <> ''
        union all
        select 5, p.* from words, glsync.pair_problems(mapping) as p where jsonb_path_exists(columns, '$.*.reference')
    ) as found
    order by found.severity, found.part, found.glide_id nulls first, found.message
$$;

select glsync.grant_functions();
