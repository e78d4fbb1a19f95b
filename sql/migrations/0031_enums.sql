-- A column may have an enumerated type: its cells are read as text and must be one of the type's words.
-- glsync/engine/types.py says the same; a test keeps the two equal.

create or replace function glsync.type_family(type_name text) returns text
language sql immutable parallel safe
return case regexp_replace(type_name, '\s*\([^)]*\)|^.*\.(?=citext$)', '', 'g')
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
    when 'enum' then 'enum'
    when 'text[]' then 'array'
    when 'character varying[]' then 'array'
    else 'other'
end;

create or replace function glsync.kind_fits(kind text, type_name text) returns boolean
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
    else array['text', 'uuid', 'enum']
end);

create or replace function glsync.narrowing(data_type text, type_name text) returns text
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
        when family = 'enum' then 'cells that are none of its words will be refused'
        when family = 'uuid' then 'cells that are not a UUID will be refused'
    end
    from (select glsync.kind_of(data_type) as kind, glsync.type_family(type_name) as family) as words
$$;

-- `type` as people spell it, of a domain its base; `form` without length or digits, and enum for each list of words.
drop function glsync.columns_of(text);

create function glsync.columns_of(supabase_table text)
returns table (name text, type text, form text, needed boolean, filled boolean, generated boolean)
language sql stable set search_path = ''
as $$
    select
        a.attname,
        case t.typtype
            when 'd' then format_type(t.typbasetype, t.typtypmod) else format_type(a.atttypid, a.atttypmod)
        end,
        case b.typtype when 'e' then 'enum' else format_type(b.oid, null) end,
        a.attnotnull or t.typnotnull,
        a.atthasdef or a.attidentity <> '' or t.typdefault is not null,
        a.attgenerated <> '' or a.attidentity = 'a'
    from pg_catalog.pg_attribute as a
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    inner join pg_catalog.pg_type as b on b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
    where a.attrelid = glsync.target_oid(supabase_table) and a.attnum > 0 and not a.attisdropped
$$;

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
        select p.glide_id, p.data_type, p.refers, c.name, c.type, c.form, c.needed
        from pairs as p
        inner join columns as c on c.name = p.column_name
        where p.writes and not c.generated and (p.refers or glsync.kind_fits(p.kind, c.form))
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
    where p.kind is not null and not p.refers and not glsync.kind_fits(p.kind, c.form)
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
        'Column "%s" of %s has the type %s: %s.', f.name, supabase_table, f.type, glsync.narrowing(f.data_type, case f.form when 'enum' then f.form else f.type end)
    ), f.glide_id, null
    from fitting as f
    where not f.refers and glsync.narrowing(f.data_type, case f.form when 'enum' then f.form else f.type end) is not null
    union all
    select 'warning', format(
        'Column "%s" of %s must not be empty: rows whose cell is empty in Glide column "%s" will be refused.',
        f.name, supabase_table, f.glide_id
    ), f.glide_id, null
    from fitting as f
    where f.needed
$$;

-- As before, and for domains and lists of words too.
create or replace function public.gl_suggest_column_mappings(p_supabase_table text, p_glide_columns jsonb)
returns table (
    glide_column_name text, suggested_supabase_column text, data_type text, confidence numeric, glide_column_id text
)
language plpgsql stable set search_path = ''
as $$
declare
    candidate record;
    taken_ids text[] := '{}';
    taken_columns text[] := '{}';
begin
    for candidate in
        with glide as materialized (
            select g.glide_id, g.glide_name, g.kind, glsync.words_of(g.glide_name) as words
            from glsync.glide_columns(p_glide_columns) as g
        ),
        columns as materialized (
            select f.name, f.form as type, a.attnum, glsync.words_of(a.attname) as words
            from glsync.columns_of(p_supabase_table) as f
            inner join pg_catalog.pg_attribute as a on a.attname = f.name
            where a.attrelid = glsync.target_oid(p_supabase_table) and a.attnum > 0 and not a.attisdropped
                and a.attgenerated = '' and a.attidentity <> 'a'
                and not (a.attname = 'id' and a.atttypid = 'uuid'::regtype) -- the engine fills it
        )
        select g.glide_id, g.glide_name, c.name, coalesce(g.kind, glsync.kind_for(c.type)) as kind,
            case when g.kind is null then 0.9 else 1 end
            * case
                when g.glide_id = '$rowID' then 1 else glsync.likeness(g.glide_name, g.words, c.name, c.words)
            end as score
        from glide as g
        inner join columns as c
            on case when g.glide_id = '$rowID' then c.name = 'glide_row_id' else c.name <> 'glide_row_id' end
        where g.glide_id = '$rowID' or g.kind is null or glsync.kind_fits(g.kind, c.type)
        order by score desc, c.attnum, g.glide_name
    loop
        continue when candidate.score < 0.5
            or candidate.glide_id = any(taken_ids) or candidate.name = any(taken_columns);
        taken_ids := taken_ids || candidate.glide_id;
        taken_columns := taken_columns || candidate.name;
        glide_column_name := candidate.glide_name;
        suggested_supabase_column := candidate.name;
        data_type := candidate.kind;
        confidence := round(candidate.score, 2);
        glide_column_id := candidate.glide_id;
        return next;
    end loop;
end
$$;

do $$
begin
    perform glsync.grant_functions();
end
$$;
