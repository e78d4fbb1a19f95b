-- What a run must remember so that the next one is short, safe and can carry on.

-- One run per mapping. The holder proves it lives by a session advisory lock on `advisory_key`; every state change
-- compares `epoch`, which only ever rises, so the row stays when a run ends.
create table glsync.leases (
    mapping_id uuid primary key references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    log_id uuid references public.gl_sync_logs on delete set null,
    owner text,
    until timestamptz,
    epoch bigint not null default 0,
    advisory_key bigint not null
);

-- What Glide said when we stored it, a page at a time: 8 bytes of xxh3 for each row and for each row id, and the ids.
-- `pass` counts complete reads; the pages of the last complete one stay until the next one is complete.
create table glsync.base_pages (
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    pass bigint not null,
    page integer not null,
    workspace_id uuid not null references glsync.workspaces,
    rows integer not null,
    digests bytea not null,
    id_hashes bytea not null,
    ids bytea not null,
    primary key (mapping_id, pass, page)
);

-- Hashes do not get smaller by compression; trying to costs ten times what storing them does.
alter table glsync.base_pages
alter column digests set storage external,
alter column id_hashes set storage external,
alter column ids set storage external;

create table glsync.base_state (
    mapping_id uuid primary key references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    table_oid oid,
    scope text,
    pass bigint not null default 0,
    complete boolean not null default false,
    verified_at timestamptz,
    glide_version text,
    rows bigint
);

-- How far a read came, written in the transaction that stored the page.
create table glsync.checkpoints (
    mapping_id uuid primary key references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    log_id uuid references public.gl_sync_logs on delete set null,
    epoch bigint not null,
    pass bigint not null default 0,
    page integer not null,
    continuation text,
    counts jsonb not null default '{}',
    saved_at timestamptz not null default now()
);

-- Rows waiting out their delete grace.
create table glsync.absent_rows (
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    glide_row_id text not null,
    workspace_id uuid not null references glsync.workspaces,
    log_id uuid references public.gl_sync_logs on delete set null,
    missing_since timestamptz not null default now(),
    primary key (mapping_id, glide_row_id)
);

-- Targets whose foreign writes we want to hear of, and the foreign transactions heard of, once for each mapping.
create table glsync.watched (
    mapping_id uuid primary key references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    table_oid oid not null,
    since timestamptz not null default now()
);

create index watched_by_table on glsync.watched (table_oid);

create table glsync.touched (
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    xid xid8 not null,
    workspace_id uuid not null references glsync.workspaces,
    at timestamptz not null default now(),
    primary key (mapping_id, xid)
);

create table glsync.run_events (
    id bigint generated always as identity primary key,
    workspace_id uuid not null references glsync.workspaces,
    log_id uuid not null references public.gl_sync_logs on delete cascade,
    at timestamptz not null default clock_timestamp(),
    level text not null default 'info' check (level in ('debug', 'info', 'warning', 'error')),
    stage text,
    message text not null,
    data jsonb
);

create index run_events_by_log on glsync.run_events (log_id, id);

create table glsync.audit (
    id bigint generated always as identity primary key,
    workspace_id uuid not null default '00000000-0000-0000-0000-000000000001' references glsync.workspaces,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    subject_type text not null,
    subject_id text,
    subject_name text,
    before jsonb,
    after jsonb
);

create index audit_by_time on glsync.audit (workspace_id, at desc);
create index audit_by_subject on glsync.audit (subject_type, subject_id, at desc);

create table glsync.usage (
    connection_id uuid not null references public.gl_connections on delete cascade,
    day date not null default (now() at time zone 'UTC')::date,
    workspace_id uuid not null references glsync.workspaces,
    updates numeric not null default 0,
    calls bigint not null default 0,
    primary key (connection_id, day)
);

-- The workspace of a row is that of its mapping, log or connection, whatever the statement says.
create function glsync.fill_workspace() returns trigger
language plpgsql set search_path = ''
as $$
begin
    if tg_argv[0] = 'mapping' then
        select m.workspace_id into new.workspace_id from public.gl_mappings as m where m.id = new.mapping_id;
    elsif tg_argv[0] = 'log' then
        select l.workspace_id into new.workspace_id from public.gl_sync_logs as l where l.id = new.log_id;
    else
        select c.workspace_id into new.workspace_id from public.gl_connections as c where c.id = new.connection_id;
    end if;
    if not found then
        raise exception 'The % of this row does not exist.', tg_argv[0] using errcode = 'foreign_key_violation';
    end if;
    return new;
end
$$;

do $$
declare
    child text;
begin
    foreach child in array array['leases', 'base_pages', 'base_state', 'checkpoints', 'absent_rows', 'watched'] loop
        execute format(
            'create trigger fill before insert or update of workspace_id, mapping_id on glsync.%I '
            'for each row execute function glsync.fill_workspace(''mapping'')', child
        );
    end loop;
end
$$;

create trigger fill before insert or update of workspace_id, log_id on glsync.run_events
for each row execute function glsync.fill_workspace('log');
create trigger fill before insert or update of workspace_id, connection_id on glsync.usage
for each row execute function glsync.fill_workspace('connection');

create function glsync.refuse_change() returns trigger
language plpgsql set search_path = ''
as $$
begin
    raise exception 'The audit trail is append only.' using errcode = 'insufficient_privilege';
end
$$;

create trigger append_only before update or delete or truncate on glsync.audit
for each statement execute function glsync.refuse_change();

-- Statement trigger `glsync_touch` on a target: notes the transaction for every mapping that watches the table, unless
-- it is that mapping's own run (glsync.origin holds its id). SECURITY DEFINER because whoever may write to the user's
-- table may not write to ours; it stores nothing but the number of the transaction.
create function glsync.note_touch() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    insert into glsync.touched (mapping_id, xid, workspace_id)
    select w.mapping_id, pg_current_xact_id(), w.workspace_id
    from glsync.watched as w
    where w.table_oid = tg_relid
        and w.mapping_id::text is distinct from current_setting('glsync.origin', true)
    on conflict do nothing;
    return null;
end
$$;
