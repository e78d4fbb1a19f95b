-- Does a mapping fit the live table? Each check returns its problems as rows; the two gl_validate_ functions put them
-- together. glsync/engine/types.py holds the same words for kinds and types; a test keeps the two equal.

create function glsync.kind_of(data_type text) returns text
language sql immutable parallel safe
return case
    when data_type in (
        'string', 'number', 'boolean', 'date-time', 'image-uri', 'email-address', 'uri', 'audio-uri',
        'phone-number', 'markdown', 'emoji', 'date', 'time', 'duration', 'json', 'array'
    ) then data_type
    when data_type = 'text' then 'string'
    when data_type in ('integer', 'decimal', 'float') then 'number'
    when data_type in ('datetime', 'dateTime') then 'date-time'
    when data_type = 'imageURI' then 'image-uri'
    when data_type = 'audioURI' then 'audio-uri'
    when data_type = 'emailAddress' then 'email-address'
    when data_type = 'phoneNumber' then 'phone-number'
    when data_type = 'url' then 'uri'
end;

-- The family of a type as format_type() spells it: numeric(14,2) is of the family numeric, integer[] of other.
create function glsync.type_family(type_name text) returns text
language sql immutable parallel safe
return case regexp_replace(type_name, '\s*\([^)]*\)', '', 'g')
    when 'text' then 'text'
    when 'character varying' then 'text'
    when 'character' then 'text'
    when 'citext' then 'text'
    when 'name' then 'text'
    when 'numeric' then 'numeric'
    when 'smallint' then 'integer'
    when 'integer' then 'integer'
    when 'bigint' then 'integer'
    when 'real' then 'float'
    when 'double precision' then 'float'
    when 'boolean' then 'boolean'
    when 'timestamp with time zone' then 'timestamptz'
    when 'timestamp without time zone' then 'timestamp'
    when 'date' then 'date'
    when 'time without time zone' then 'time'
    when 'interval' then 'interval'
    when 'json' then 'json'
    when 'jsonb' then 'json'
    when 'uuid' then 'uuid'
    when 'text[]' then 'array'
    when 'character varying[]' then 'array'
    else 'other'
end;

create function glsync.kind_fits(kind text, type_name text) returns boolean
language sql immutable parallel safe
return glsync.type_family(type_name) = any(case kind
    when 'number' then array['numeric', 'integer', 'float', 'text']
    when 'boolean' then array['boolean', 'text']
    when 'date-time' then array['timestamptz', 'timestamp', 'date', 'text']
    when 'date' then array['date', 'timestamptz', 'timestamp', 'text']
    when 'time' then array['time', 'text']
    when 'duration' then array['interval', 'numeric', 'integer', 'float', 'text']
    when 'json' then array['json', 'text']
    when 'array' then array['json', 'array', 'text']
    else array['text', 'uuid']
end);

-- The type a column for this kind would best have.
create function glsync.best_type(kind text) returns text
language sql immutable parallel safe
return case kind
    when 'number' then 'numeric'
    when 'boolean' then 'boolean'
    when 'date-time' then 'timestamp with time zone'
    when 'date' then 'date'
    when 'time' then 'time without time zone'
    when 'duration' then 'interval'
    when 'json' then 'jsonb'
    when 'array' then 'jsonb'
    else 'text'
end;

-- What a fitting but narrower type refuses or loses; null when it holds every cell of its kind.
create function glsync.narrowing(data_type text, type_name text) returns text
language sql immutable parallel safe set search_path = ''
as $$
    select case
        when type_name ~ '^character( varying)?\(\d+\)$'
            then 'cells longer than ' || substring(type_name from '\d+') || ' characters will be refused'
        when kind = 'number' and family = 'integer' and data_type <> 'integer'
            then 'numbers with a fraction will be refused'
        when kind in ('number', 'duration') and type_name ~ '^numeric\('
            then 'numbers that need more digits will be refused or rounded'
        when kind = 'duration' and family = 'integer' then 'durations with a fraction of a second will be refused'
        when kind = 'date-time' and family = 'date' then 'the time of day will be lost'
        when kind = 'date-time' and family = 'timestamp' then 'times will be stored in UTC without saying so'
        when family = 'uuid' then 'cells that are not a UUID will be refused'
    end
    from (select glsync.kind_of(data_type) as kind, glsync.type_family(type_name) as family) as words
$$;

-- The well-formed pairs of a column_mappings object. `writes`: the pair stores Glide's cell in Postgres.
create function glsync.pairs_of(column_mappings jsonb, sync_direction text)
returns table (glide_id text, column_name text, data_type text, kind text, writes boolean)
language sql immutable set search_path = ''
as $$
    select
        p.key,
        p.value ->> 'supabase_column_name',
        p.value ->> 'data_type',
        glsync.kind_of(p.value ->> 'data_type'),
        coalesce(p.value ->> 'direction', sync_direction) <> 'to_glide'
    from jsonb_each(case jsonb_typeof(column_mappings) when 'object' then column_mappings else '{}' end) as p
    where jsonb_typeof(p.value) = 'object' and p.value ->> 'supabase_column_name' <> ''
$$;

-- The live columns of a target. `filled`: an insert may leave it out; `generated`: no insert may name it.
create function glsync.columns_of(supabase_table text)
returns table (name text, type text, needed boolean, filled boolean, generated boolean)
language sql stable set search_path = ''
as $$
    select
        a.attname,
        case t.typtype
            when 'd' then format_type(t.typbasetype, t.typtypmod) else format_type(a.atttypid, a.atttypmod)
        end,
        a.attnotnull or t.typnotnull,
        a.atthasdef or a.attidentity <> '' or t.typdefault is not null,
        a.attgenerated <> '' or a.attidentity = 'a'
    from pg_catalog.pg_attribute as a
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    where a.attrelid = glsync.target_oid(supabase_table) and a.attnum > 0 and not a.attisdropped
$$;

-- Does a unique index find a row by this column alone? One over some rows only, or deferrable, does not.
create function glsync.is_row_key(supabase_table text, column_name text) returns boolean
language sql stable set search_path = ''
as $$
    select exists (
        select
        from pg_catalog.pg_index as i
        inner join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = glsync.target_oid(supabase_table) and a.attname = column_name
            and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indnkeyatts = 1
    )
$$;

-- The mapping by itself, its columns apart: is everything there, in words we know?
create function glsync.mapping_shape_problems(mapping jsonb, editing boolean)
returns table (severity text, message text, glide_id text, fix text)
language sql stable set search_path = ''
as $$
    select 'error', 'The mapping is not a JSON object: give it as {"glide_table": ..., "column_mappings": ...}.',
        null, null
    where jsonb_typeof(mapping) is distinct from 'object'
    union all
    select 'error', format('The mapping lacks %s: %s.', word, what), null, null
    from (values
        ('glide_table', 'name the Glide table to read'), ('supabase_table', 'name the Postgres table to keep in step')
    ) as needed (word, what)
    where jsonb_typeof(mapping) = 'object' and coalesce(mapping ->> word, '') = ''
    union all
    select 'error', format(
        'The sync direction "%s" is unknown: use to_supabase, to_glide or both.', mapping ->> 'sync_direction'
    ), null, null
    where mapping ->> 'sync_direction' not in ('to_supabase', 'to_glide', 'both')
    union all
    select 'warning', 'No connection is chosen yet: choose one before saving.', null, null
    where jsonb_typeof(mapping) = 'object' and coalesce(mapping ->> 'connection_id', '') = ''
    union all
    select 'error', format('There is no connection "%s": choose one of the list.', mapping ->> 'connection_id'),
        null, null
    where mapping ->> 'connection_id' <> ''
        and not exists (select from public.gl_connections as c where c.id::text = mapping ->> 'connection_id')
    union all
    select 'error', format(
        'The mapping "%s" already pairs %s with %s: edit that one instead.', m.name, m.glide_table, m.supabase_table
    ), null, null
    from public.gl_mappings as m
    where m.connection_id::text = mapping ->> 'connection_id' and m.glide_table = mapping ->> 'glide_table'
        and glsync.target_schema(m.supabase_table) = glsync.target_schema(mapping ->> 'supabase_table')
        and glsync.target_table(m.supabase_table) = glsync.target_table(mapping ->> 'supabase_table')
        and not (editing and coalesce(m.id::text = mapping ->> 'id', true))
$$;

-- The column mappings by themselves: is each pair whole, the row id among them, and no target named twice?
create function glsync.pair_shape_problems(column_mappings jsonb)
returns table (severity text, message text, glide_id text, fix text)
language sql stable set search_path = ''
as $$
    with given as materialized (
        select p.key, p.value
        from jsonb_each(case jsonb_typeof(column_mappings) when 'object' then column_mappings else '{}' end) as p
    )
    select 'error', 'The column mappings are not a JSON object: give them as {"<Glide column id>": {...}}.', null, null
    where coalesce(jsonb_typeof(column_mappings), 'none') <> 'object'
    union all
    select 'error', format('Glide column "%s" lacks %s: complete its pair or remove it.', g.key, word),
        g.key, 'remove_pair'
    from given as g
    cross join unnest(array['glide_column_name', 'supabase_column_name', 'data_type']) as word
    where jsonb_typeof(g.value) <> 'object' or coalesce(g.value ->> word, '') = ''
    union all
    select 'error', format(
        'Glide column "%s" has the unknown data type "%s": use string, number, boolean, date-time, image-uri, '
        'email-address or another one of the list.', g.key, g.value ->> 'data_type'
    ), g.key, 'choose_type'
    from given as g
    where g.value ->> 'data_type' <> '' and glsync.kind_of(g.value ->> 'data_type') is null
    union all
    select 'error', 'The row id is not mapped: pair $rowID with the column glide_row_id, data type string.',
        '$rowID', 'add_row_id_pair'
    where jsonb_typeof(column_mappings) = 'object' and not column_mappings ? '$rowID'
    union all
    select 'error', 'The row id is mapped wrongly: pair $rowID with the column glide_row_id, data type string.',
        '$rowID', 'add_row_id_pair'
    from given as g
    where g.key = '$rowID' and g.value ->> 'supabase_column_name' <> '' and g.value ->> 'data_type' <> ''
        and (
            g.value ->> 'supabase_column_name' <> 'glide_row_id'
            or glsync.kind_of(g.value ->> 'data_type') is distinct from 'string'
        )
    union all
    select 'error', format(
        'Both %s write to column "%s": keep one of the pairs.',
        string_agg(format('"%s"', p.glide_id), ' and ' order by p.glide_id), p.column_name
    ), min(p.glide_id), 'remove_pair'
    from glsync.pairs_of(column_mappings, 'both') as p
    group by p.column_name
    having count(*) > 1
$$;

-- The target: may it be one, is it there, and can a row be found by its Glide row id?
create function glsync.target_problems(supabase_table text, sync_direction text)
returns table (severity text, message text, glide_id text, fix text)
language sql stable set search_path = ''
as $$
    with target as materialized (
        select
            glsync.target_oid(supabase_table) is not null as is_there,
            glsync.is_hidden_schema(glsync.target_schema(supabase_table)) as is_hidden,
            glsync.is_control_table(
                glsync.target_schema(supabase_table), glsync.target_table(supabase_table)
            ) as is_ours
    ),
    row_id as materialized (
        select c.type, c.needed from glsync.columns_of(supabase_table) as c where c.name = 'glide_row_id'
    )
    select 'error', format(
        '%s is not for syncing: it belongs to Glide Sync or to the system. Choose a table of your own.', supabase_table
    ), null, null
    from target where is_hidden or is_ours
    union all
    select 'error', format('There is no table %s: create it, or choose one of the list.', supabase_table),
        null, 'create_table'
    from target where not is_hidden and not is_there
    union all
    select 'error', format(
        'Table %s has no column glide_row_id: add it with alter table ... add column glide_row_id text unique.',
        supabase_table
    ), '$rowID', 'add_row_id_column'
    from target where is_there and not exists (select from row_id)
    union all
    select 'error', format(
        'Column glide_row_id of %s has the type %s: Glide''s row ids need text.', supabase_table, type
    ), '$rowID', null
    from row_id where glsync.type_family(type) <> 'text'
    union all
    select 'error', format(
        'Column glide_row_id of %s has no unique index of its own, so a row could come in twice: add one with '
        'alter table ... add unique (glide_row_id).', supabase_table
    ), '$rowID', 'add_unique_index'
    from row_id where not glsync.is_row_key(supabase_table, 'glide_row_id')
    union all
    select 'warning', format(
        'Column glide_row_id of %s may not be empty, so rows made in Postgres need an id before Glide has given them '
        'one.', supabase_table
    ), '$rowID', null
    from row_id where needed and sync_direction in ('to_glide', 'both')
$$;

-- The pairs against the live columns.
create function glsync.pair_problems(supabase_table text, column_mappings jsonb, sync_direction text)
returns table (severity text, message text, glide_id text, fix text)
language sql stable set search_path = ''
as $$
    with pairs as materialized (
        select p.* from glsync.pairs_of(column_mappings, sync_direction) as p where p.glide_id <> '$rowID'
    ),
    columns as materialized (
        select c.* from glsync.columns_of(supabase_table) as c
    ),
    fitting as materialized (
        select p.glide_id, p.data_type, c.name, c.type, c.needed
        from pairs as p
        inner join columns as c on c.name = p.column_name
        where p.writes and not c.generated and glsync.kind_fits(p.kind, c.type)
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
    where p.kind is not null and not glsync.kind_fits(p.kind, c.type)
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
    where glsync.narrowing(f.data_type, f.type) is not null
    union all
    select 'warning', format(
        'Column "%s" of %s must not be empty: rows whose cell is empty in Glide column "%s" will be refused.',
        f.name, supabase_table, f.glide_id
    ), f.glide_id, null
    from fitting as f
    where f.needed
$$;

-- Everything wrong with a mapping given as JSON (the columns of gl_mappings), errors first.
-- `glide_id` is the Glide column concerned, `fix` what a button may do about it.
create function glsync.mapping_problems(mapping jsonb, editing boolean default false)
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
    ) as found
    order by found.severity, found.part, found.glide_id nulls first, found.message
$$;

create function public.gl_validate_mapping_data(p_mapping jsonb, p_editing boolean default false)
returns table (is_valid boolean, validation_message text)
language sql stable set search_path = ''
as $$
    with found as materialized (
        select p.severity, p.message from glsync.mapping_problems(p_mapping, p_editing) as p
    )
    select false, f.message from found as f where f.severity = 'error'
    union all
    select true, 'Warning: ' || f.message
    from found as f
    where f.severity = 'warning' and not exists (select from found as e where e.severity = 'error')
    union all
    select true, 'The mapping fits its table.' where not exists (select from found)
$$;

create function public.gl_validate_column_mapping(p_mapping_id uuid)
returns table (is_valid boolean, validation_message text)
language sql stable set search_path = ''
as $$
    select v.is_valid, v.validation_message
    from public.gl_mappings as m
    cross join lateral public.gl_validate_mapping_data(to_jsonb(m), true) as v
    where m.id = p_mapping_id
    union all
    select false, format('There is no mapping "%s": it may have been deleted.', p_mapping_id)
    where not exists (select from public.gl_mappings as m where m.id = p_mapping_id)
$$;
