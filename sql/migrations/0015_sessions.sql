-- Pages and the API act in the database as the person who asks: the role glsync_app, with the person's claims set for one
-- transaction. What they forget to filter, the policies filter.

-- The claims of this session, null when there are none. Those that Glide Sync sets hold, besides Supabase's:
-- glsync: {workspace_id, by: member | token | local, role (of local), token_id (of token)}.
create function glsync.claims() returns jsonb
language sql stable parallel safe
return nullif(current_setting('request.jwt.claims', true), '')::jsonb;

-- The role a person's transaction takes: glsync_app when whoever is connected may become it, else none.
create function glsync.session_role() returns name
language sql stable set search_path = ''
as $$
    select coalesce((
        select r.rolname
        from pg_catalog.pg_roles as r
        where r.rolname = 'glsync_app' and pg_has_role(
            session_user, r.oid,
            case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end
        )
    ), 'none')
$$;

-- The workspaces in which whoever is behind this session has at least this role: a member in all of theirs, or in the one
-- they look at; a token, while it is valid, in its own; the one user of an installation without sign-in where they say.
-- What is claimed beyond the subject counts in the role glsync_app alone, which only Glide Sync itself can take.
-- SECURITY DEFINER because the policies on members and tokens ask it too; it answers about the asking session alone.
create or replace function glsync.my_workspaces(least_role text default 'viewer') returns setof uuid
language plpgsql stable security definer set search_path = ''
as $$
declare
    claimed jsonb := case when glsync.acting_role() = 'glsync_app' then glsync.claims() -> 'glsync' end;
    looked_at uuid := (claimed ->> 'workspace_id')::uuid;
begin
    if claimed ->> 'by' = 'local' then
        if glsync.role_rank(claimed ->> 'role') >= glsync.role_rank(least_role) then
            return next looked_at;
        end if;
    elsif claimed ->> 'by' = 'token' then
        return query
            select t.workspace_id
            from glsync.api_tokens as t
            where t.id = (claimed ->> 'token_id')::uuid and t.workspace_id = looked_at
                and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
                and glsync.role_rank(t.role) >= glsync.role_rank(least_role);
    else
        return query
            select m.workspace_id
            from glsync.members as m
            where m.user_id = glsync.current_user_id()
                and (looked_at is null or m.workspace_id = looked_at)
                and glsync.role_rank(m.role) >= glsync.role_rank(least_role);
    end if;
end
$$;

-- Who may read a table of ours from which role on, and whether only through Glide Sync itself: what is sealed or hashed
-- in it is then no column a browser could ask for.
alter table glsync.open_tables
add column reader text not null default 'viewer' check (reader in ('viewer', 'operator', 'editor', 'admin')),
add column app_only boolean not null default false;

-- People read what is in their workspaces, every column but the sealed key. authenticated is Supabase's role for them;
-- glsync_app is ours, and writes what the person's role in the workspace allows. The conditions compare with an array, so
-- that it is made once a statement and an index by workspace serves them.
create or replace function glsync.open_to_members(target regclass, workspace_column text, writer text) returns void
language plpgsql set search_path = ''
as $$
declare
    person text;
    readable text;
    command text;
    kept glsync.open_tables;
    mine text;
    condition text := '%I = any (array(select glsync.my_workspaces(%L)))';
    writable text := format(condition, workspace_column, writer);
begin
    insert into glsync.open_tables (table_name, workspace_column, writer)
    values (target::text, open_to_members.workspace_column, open_to_members.writer)
    on conflict (table_name) do nothing;
    select t.* into kept from glsync.open_tables as t where t.table_name = target::text;
    mine := format(condition, workspace_column, kept.reader);
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into readable
    from pg_catalog.pg_attribute as a
    where a.attrelid = target and a.attnum > 0 and not a.attisdropped
        and a.attname not in ('api_key', 'wrapped_key');
    foreach person in array array['authenticated', 'glsync_app'] loop
        if glsync.role_named(person) is not null then
            execute format('revoke all on %s from %I', target, person);
            if person = 'glsync_app' or not kept.app_only then
                execute format('grant select (%s) on %s to %I', readable, target, person);
                execute format('drop policy if exists %I on %s', 'glsync_read_' || person, target);
                perform glsync.add_policy(target, 'glsync_read_' || person, 'select', person::name, mine);
            end if;
        end if;
    end loop;
    if glsync.role_named('glsync_app') is not null and writer is not null then
        execute format('grant insert, update, delete on %s to glsync_app', target);
        foreach command in array array['insert', 'update', 'delete'] loop
            execute format('drop policy if exists %I on %s', 'glsync_' || command, target);
            perform glsync.add_policy(target, 'glsync_' || command, command, 'glsync_app', writable);
        end loop;
    end if;
end
$$;

-- Which functions people may call: through Glide Sync, and where `reading` also through Supabase's API.
create table glsync.open_functions (
    name text primary key,
    reading boolean not null
);

insert into glsync.open_functions (name, reading)
select unnest(array[
    'current_user_id', 'role_rank', 'my_workspaces', 'acting_role', 'is_machinery', 'may',
    'is_hidden_schema', 'is_control_table', 'target_schema', 'target_table', 'target_oid', 'count_rows',
    'kind_of', 'type_family', 'kind_fits', 'best_type', 'narrowing', 'pairs_of', 'columns_of',
    'is_row_key', 'mapping_shape_problems', 'pair_shape_problems', 'target_problems', 'pair_problems',
    'mapping_problems', 'words_of', 'share', 'likeness', 'glide_columns', 'kind_for', 'may_read_target',
    'gl_validate_mapping_data', 'gl_validate_column_mapping', 'gl_get_sync_errors',
    'gl_suggest_column_mappings'
]), true;
insert into glsync.open_functions (name, reading)
select unnest(array[
    'enqueue_run', 'free_name', 'error_fingerprint', 'gl_record_sync_error', 'gl_resolve_sync_error',
    'glsync_retry_failed_sync', 'claims', 'note', 'worker_seen', 'take_off_queue'
]), false;

create or replace function glsync.grant_functions() returns void
language plpgsql set search_path = ''
as $$
declare
    function record;
    person text;
begin
    for function in
        select p.oid::regprocedure as id, o.name, coalesce(o.reading, false) as reading
        from pg_catalog.pg_proc as p
        inner join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
        left join glsync.open_functions as o on o.name = p.proname
        where n.nspname = 'glsync' or (n.nspname = 'public' and o.name is not null)
    loop
        execute format('revoke all on function %s from public', function.id);
        foreach person in array array['anon', 'authenticated', 'glsync_app', 'glsync_worker', 'service_role'] loop
            if glsync.role_named(person) is null then
                continue;
            end if;
            execute format('revoke all on function %s from %I', function.id, person);
            if (person = 'authenticated' and function.reading)
                or (person = 'glsync_app' and function.name is not null)
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

-- Add a line to the audit trail. In the role glsync_app the name of the actor is the session's own, whatever is given.
-- SECURITY DEFINER because nobody but the machinery may write there; may() is the check of who asks.
create function glsync.note(
    workspace_id uuid, actor text, action text, subject_type text, subject_id text, subject_name text,
    before jsonb default null, after jsonb default null
) returns void
language plpgsql security definer set search_path = ''
as $$
begin
    if not glsync.may('viewer', note.workspace_id) then
        raise exception 'There is no workspace "%".', note.workspace_id using errcode = 'insufficient_privilege';
    end if;
    insert into glsync.audit (workspace_id, actor, action, subject_type, subject_id, subject_name, before, after)
    values (
        note.workspace_id,
        case when glsync.acting_role() = 'glsync_app' then coalesce(glsync.claims() ->> 'name', glsync.current_user_id())
             else note.actor end,
        note.action, note.subject_type, note.subject_id, note.subject_name, note.before, note.after
    );
end
$$;

-- When a worker last gave a sign of life, and whether one is at hand. SECURITY DEFINER because people do not read the
-- queue; it tells nothing of what is in it.
create function glsync.worker_seen(out seen timestamptz, out is_alive boolean)
language sql stable security definer set search_path = ''
as $$
    select max(w.last_heartbeat), coalesce(max(w.last_heartbeat) > now() - interval '10 seconds', false)
    from glsync_queue.procrastinate_workers as w
$$;

-- Take a run that still waits off the queue; true when no worker had it yet.
-- SECURITY DEFINER because people do not write to the queue; may() is the check of who asks.
create function glsync.take_off_queue(log_id uuid) returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
    run public.gl_sync_logs;
begin
    select l.* into run from public.gl_sync_logs as l where l.id = take_off_queue.log_id;
    if not found or run.job_id is null or not glsync.may('operator', run.workspace_id) then
        return false;
    end if;
    return glsync_queue.procrastinate_cancel_job_v1(run.job_id, false, false) is not null;
end
$$;

do $$
declare
    opened record;
begin
    perform glsync.secure_table('glsync.open_functions'::regclass);
    insert into glsync.open_tables (table_name, workspace_column, reader, writer, app_only) values
        ('glsync.api_tokens', 'workspace_id', 'admin', 'admin', true),
        ('glsync.hooks', 'workspace_id', 'editor', 'editor', true),
        ('glsync.subscriptions', 'workspace_id', 'admin', 'admin', true),
        ('glsync.deliveries', 'workspace_id', 'admin', null, true);
    for opened in select t.* from glsync.open_tables as t loop
        perform glsync.open_to_members(opened.table_name::regclass, opened.workspace_column, opened.writer);
    end loop;
    perform glsync.grant_functions();
end
$$;
