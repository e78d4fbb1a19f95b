-- Who belongs to a workspace and how they came: invited, or by a claim of whoever signs them in; when they last looked.
alter table glsync.members
add column email text,
add column name text,
add column source text not null default 'invited' check (source in ('invited', 'claims')),
add column last_seen_at timestamptz;

-- Somebody with this proven e-mail address may come in, once, until then.
create table glsync.invitations (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null default '00000000-0000-0000-0000-000000000001' references glsync.workspaces on delete cascade,
    email text not null check (email = lower(email) and email like '%_@_%'),
    role text not null check (role in ('viewer', 'operator', 'editor', 'admin')),
    created_by text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by text,
    revoked_at timestamptz
);

create unique index invitations_open on glsync.invitations (workspace_id, email)
where accepted_at is null and revoked_at is null;
create index invitations_by_email on glsync.invitations (email) where accepted_at is null and revoked_at is null;

-- A person's own token is worth no more than the person: user_id is theirs, null for a service's.
alter table glsync.api_tokens add column user_id text;

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
            left join glsync.members as m on m.workspace_id = t.workspace_id and m.user_id = t.user_id
            where t.id = (claimed ->> 'token_id')::uuid and t.workspace_id = looked_at
                and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
                and glsync.role_rank(t.role) >= glsync.role_rank(least_role)
                and (t.user_id is null or glsync.role_rank(m.role) >= glsync.role_rank(least_role));
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

do $$
begin
    perform glsync.secure_table('glsync.invitations'::regclass);
    insert into glsync.open_tables (table_name, workspace_column, reader, writer, app_only)
    values ('glsync.invitations', 'workspace_id', 'admin', 'admin', true);
    perform glsync.open_to_members('glsync.invitations'::regclass, 'workspace_id', 'admin');
    perform glsync.open_to_members('glsync.members'::regclass, 'workspace_id', 'admin');
    perform glsync.open_to_members('glsync.api_tokens'::regclass, 'workspace_id', 'admin');
end
$$;
