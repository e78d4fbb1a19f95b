-- Who may see and do what. Kept in one function that adds what is missing and can be called again: after a migration
-- made tables, and by an administrator after the roles were made by hand.

-- May the person behind this session read this table: is it the target of a mapping in one of their workspaces?
-- SECURITY DEFINER so that the policy does not depend on what else the person may read.
create function glsync.may_read_target(schema_name text, table_name text) returns boolean
language sql stable security definer set search_path = ''
as $$
    select exists (
        select from public.gl_mappings as m
        where glsync.target_schema(m.supabase_table) = schema_name
            and glsync.target_table(m.supabase_table) = table_name
            and m.workspace_id in (select glsync.my_workspaces())
    )
$$;

-- Add a policy unless the table has one of that name.
create function glsync.add_policy(target regclass, policy text, command text, role name, condition text) returns void
language plpgsql set search_path = ''
as $$
begin
    if role is null or exists (
        select from pg_catalog.pg_policy as p where p.polrelid = target and p.polname = policy
    ) then
        return;
    end if;
    execute format(
        'create policy %I on %s for %s to %I %s %s', policy, target, command, role,
        case when command = 'insert' then '' else format('using (%s)', condition) end,
        case when command in ('select', 'delete') then '' else format('with check (%s)', condition) end
    );
end
$$;

-- The role by that name when this server has it.
create function glsync.role_named(wanted text) returns name
language sql stable set search_path = ''
as $$
    select rolname from pg_catalog.pg_roles where rolname = wanted
$$;

-- Row-level security on, forced, and open to the machinery.
create function glsync.secure_table(target regclass) returns void
language plpgsql set search_path = ''
as $$
declare
    owner name;
    secured boolean;
    machine text;
begin
    select r.rolname, c.relrowsecurity and c.relforcerowsecurity into owner, secured
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_roles as r on r.oid = c.relowner
    where c.oid = target;
    if not secured then
        execute format('alter table %s enable row level security, force row level security', target);
    end if;
    perform glsync.add_policy(target, 'glsync_owner', 'all', owner, 'true');
    foreach machine in array array['glsync_worker', 'service_role'] loop
        if glsync.role_named(machine) is not null then
            perform glsync.add_policy(target, machine, 'all', machine::name, 'true');
            execute format('grant select, insert, update, delete on %s to %I', target, machine);
        end if;
    end loop;
end
$$;

-- Which tables people may read, and from which role on they may write: null for never.
create table glsync.open_tables (
    table_name text primary key,
    workspace_column text not null,
    writer text check (writer in ('viewer', 'operator', 'editor', 'admin'))
);

-- People read what is in their workspaces, every column but the sealed key. authenticated is Supabase's role for them;
-- glsync_app is ours, and writes what the person's role in the workspace allows.
create function glsync.open_to_members(target regclass, workspace_column text, writer text) returns void
language plpgsql set search_path = ''
as $$
declare
    person text;
    readable text;
    command text;
    mine text := format('%I in (select glsync.my_workspaces())', workspace_column);
    writable text := format('%I in (select glsync.my_workspaces(%L))', workspace_column, writer);
begin
    insert into glsync.open_tables (table_name, workspace_column, writer)
    values (target::text, open_to_members.workspace_column, open_to_members.writer)
    on conflict (table_name) do nothing;
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into readable
    from pg_catalog.pg_attribute as a
    where a.attrelid = target and a.attnum > 0 and not a.attisdropped
        and a.attname not in ('api_key', 'wrapped_key');
    foreach person in array array['authenticated', 'glsync_app'] loop
        if glsync.role_named(person) is not null then
            execute format('revoke all on %s from %I', target, person);
            execute format('grant select (%s) on %s to %I', readable, target, person);
            perform glsync.add_policy(target, 'glsync_read_' || person, 'select', person::name, mine);
        end if;
    end loop;
    if glsync.role_named('glsync_app') is not null and writer is not null then
        execute format('grant insert, update, delete on %s to glsync_app', target);
        foreach command in array array['insert', 'update', 'delete'] loop
            perform glsync.add_policy(target, 'glsync_' || command, command, 'glsync_app', writable);
        end loop;
    end if;
end
$$;

create function glsync.grant_access() returns void
language plpgsql set search_path = ''
as $$
declare
    target record;
    person text;
begin
    -- Supabase projects made before grants became explicit hand every new table to everybody.
    if glsync.role_named('anon') is not null then
        for target in
            select c.oid::regclass as id from pg_catalog.pg_class as c
            where c.relnamespace = 'public'::regnamespace and c.relname ~ '^gl_' and c.relkind in ('r', 'p', 'v')
        loop
            execute format('revoke all on %s from anon', target.id);
        end loop;
    end if;

    for target in
        select c.oid::regclass as id, n.nspname as schema_name, c.relname as table_name
        from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and (
            n.nspname in ('glsync', 'glsync_queue') or glsync.is_control_table(n.nspname, c.relname)
        )
    loop
        perform glsync.secure_table(target.id);
    end loop;

    perform glsync.open_to_members(t.table_name::regclass, t.workspace_column, t.writer) from glsync.open_tables as t;

    foreach person in array array['glsync_worker', 'service_role', 'authenticated', 'glsync_app'] loop
        if glsync.role_named(person) is not null then
            execute format('grant usage on schema public, glsync to %I', person);
            execute format('grant select on public.gl_mapping_status, public.gl_recent_logs, public.gl_sync_stats, '
                'public.gl_product_sync_stats, public.gl_tables_view to %I', person);
        end if;
    end loop;
    perform glsync.grant_functions();
    perform glsync.secure_domain_tables();
end
$$;

-- Nobody calls our functions unless named here. People read and check; through glsync_app operators queue runs and end
-- errors.
create function glsync.grant_functions() returns void
language plpgsql set search_path = ''
as $$
declare
    function record;
    person text;
    reading text[] := array[
        'current_user_id', 'role_rank', 'my_workspaces', 'acting_role', 'is_machinery', 'may',
        'is_hidden_schema', 'is_control_table', 'target_schema', 'target_table', 'target_oid', 'count_rows',
        'kind_of', 'type_family', 'kind_fits', 'best_type', 'narrowing', 'pairs_of', 'columns_of',
        'is_row_key', 'mapping_shape_problems', 'pair_shape_problems', 'target_problems', 'pair_problems',
        'mapping_problems', 'words_of', 'share', 'likeness', 'glide_columns', 'kind_for', 'may_read_target',
        'gl_validate_mapping_data', 'gl_validate_column_mapping', 'gl_get_sync_errors',
        'gl_suggest_column_mappings'
    ];
    operating text[] := array[
        'enqueue_run', 'free_name', 'error_fingerprint', 'gl_record_sync_error', 'gl_resolve_sync_error',
        'glsync_retry_failed_sync'
    ];
begin
    for function in
        select p.oid::regprocedure as id, p.proname as name, p.prokind
        from pg_catalog.pg_proc as p
        inner join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
        where n.nspname = 'glsync'
            or (n.nspname = 'public' and p.proname = any(reading || operating))
    loop
        execute format('revoke all on function %s from public', function.id);
        foreach person in array array['anon', 'authenticated', 'glsync_app', 'glsync_worker', 'service_role'] loop
            if glsync.role_named(person) is null then
                continue;
            end if;
            execute format('revoke all on function %s from %I', function.id, person);
            if (person = 'authenticated' and function.name = any(reading))
                or (person = 'glsync_app' and function.name = any(reading || operating))
                or person in ('glsync_worker', 'service_role') then
                execute format('grant execute on function %s to %I', function.id, person);
            end if;
        end loop;
    end loop;
    for person in select rolname from pg_catalog.pg_roles where rolname in ('glsync_worker', 'service_role') loop
        execute format('grant usage on schema glsync_queue to %I', person);
        execute format('grant usage on all sequences in schema glsync_queue to %I', person);
        execute format('grant execute on all functions in schema glsync_queue to %I', person);
    end loop;
end
$$;

-- The tables of the domain starter are the user's data: the machinery writes them, and people read those that a mapping
-- in one of their workspaces keeps in step.
create function glsync.secure_domain_tables() returns void
language plpgsql set search_path = ''
as $$
declare
    target record;
    person text;
begin
    for target in
        select c.oid::regclass as id, c.relname as table_name
        from pg_catalog.pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
            and obj_description(c.oid, 'pg_class') ~ '^Domain starter: '
    loop
        perform glsync.secure_table(target.id);
        foreach person in array array['authenticated', 'glsync_app'] loop
            if glsync.role_named(person) is not null then
                execute format('revoke all on %s from %I', target.id, person);
                execute format('grant select on %s to %I', target.id, person);
                perform glsync.add_policy(
                    target.id, 'glsync_read_' || person, 'select', person::name,
                    format('(select glsync.may_read_target(%L, %L))', 'public', target.table_name)
                );
            end if;
        end loop;
    end loop;
end
$$;

insert into glsync.open_tables (table_name, workspace_column, writer) values
    ('glsync.workspaces', 'id', null),
    ('glsync.members', 'workspace_id', 'admin'),
    ('public.gl_connections', 'workspace_id', 'editor'),
    ('public.gl_mappings', 'workspace_id', 'editor'),
    ('public.gl_sync_logs', 'workspace_id', 'operator'),
    ('public.gl_sync_errors', 'workspace_id', 'operator'),
    ('glsync.base_state', 'workspace_id', null),
    ('glsync.leases', 'workspace_id', null),
    ('glsync.absent_rows', 'workspace_id', null),
    ('glsync.run_events', 'workspace_id', null),
    ('glsync.audit', 'workspace_id', null),
    ('glsync.usage', 'workspace_id', null);

select glsync.grant_access();
