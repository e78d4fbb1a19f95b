-- Workspaces, their members, and who is asking. Every name is written out in full: files run with an empty search_path.

create schema if not exists glsync;

-- The narrow roles. A role that may not create roles goes on without them; glsync.grant_access() catches up later.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['glsync_worker', 'glsync_app'] loop
        begin
            if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
                execute pg_catalog.format('create role %I nologin', wanted);
            end if;
            if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
                execute pg_catalog.format('grant %I to current_user', wanted);
            end if;
        exception
            when insufficient_privilege then
                raise notice 'The role "%" was left out, because % may not create or grant it.', wanted, current_user;
            when duplicate_object or unique_violation then
                null; -- another database of this server is being migrated and was first
        end;
    end loop;
end
$$;

create table glsync.workspaces (
    id uuid primary key default gen_random_uuid(),
    name text not null unique check (name <> ''),
    created_at timestamptz not null default now()
);

insert into glsync.workspaces (id, name) values ('00000000-0000-0000-0000-000000000001', 'Default');

create table glsync.members (
    workspace_id uuid not null default '00000000-0000-0000-0000-000000000001'
    references glsync.workspaces on delete cascade,
    user_id text not null check (user_id <> ''),
    role text not null default 'viewer' check (role in ('viewer', 'operator', 'editor', 'admin')),
    created_at timestamptz not null default now(),
    primary key (workspace_id, user_id)
);

create index members_by_user on glsync.members (user_id);

-- A workspace's key, wrapped by the master key, which is never in the database. The highest version is the one in use.
create table glsync.data_keys (
    workspace_id uuid not null default '00000000-0000-0000-0000-000000000001'
    references glsync.workspaces on delete cascade,
    version integer not null default 1 check (version > 0),
    wrapped_key text not null,
    created_at timestamptz not null default now(),
    primary key (workspace_id, version)
);

-- The person behind this session: the subject of its verified claims, null when there are none.
create function glsync.current_user_id() returns text
language sql stable parallel safe
return nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub';

-- 1 for a viewer up to 4 for an admin.
create function glsync.role_rank(role text) returns integer
language sql immutable parallel safe
return array_position(array['viewer', 'operator', 'editor', 'admin'], role);

-- The workspaces in which the person behind this session has at least this role.
-- SECURITY DEFINER because the policy on glsync.members asks it too; it answers about the asking person alone.
create function glsync.my_workspaces(least_role text default 'viewer') returns setof uuid
language sql stable security definer set search_path = ''
as $$
    select m.workspace_id
    from glsync.members as m
    where m.user_id = (select glsync.current_user_id())
        and glsync.role_rank(m.role) >= glsync.role_rank(least_role)
$$;

-- The role that acts, seen also from inside a SECURITY DEFINER function.
create function glsync.acting_role() returns name
language sql stable set search_path = ''
as $$
    select case when current_setting('role') = 'none' then session_user else current_setting('role')::name end
$$;

-- Is the acting role one of the machinery (the owner of our tables, a worker, Supabase's service_role)?
create function glsync.is_machinery() returns boolean
language sql stable set search_path = ''
as $$
    select coalesce(bool_or(pg_has_role(glsync.acting_role(), r.oid, 'usage')), false)
    from pg_catalog.pg_roles as r
    where r.rolname in ('glsync_worker', 'service_role')
        or r.oid = (select c.relowner from pg_catalog.pg_class as c where c.oid = 'glsync.members'::regclass)
$$;

-- May the acting role do in this workspace what this role may? The machinery may everything.
create function glsync.may(least_role text, workspace_id uuid) returns boolean
language sql stable set search_path = ''
as $$
    select glsync.is_machinery() or may.workspace_id in (select glsync.my_workspaces(least_role))
$$;
