-- What a person sets up and reads: connections, mappings, runs, errors.

create table public.gl_connections (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null default '00000000-0000-0000-0000-000000000001' references glsync.workspaces,
    name text not null,
    app_id text not null check (app_id <> ''),
    api_key text check (api_key like 'glsync:v1:%'),
    api_key_last4 text,
    app_name text,
    status text not null default 'active' check (status in ('active', 'inactive', 'error')),
    status_message text,
    settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    last_sync timestamptz,
    last_checked_at timestamptz,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint gl_connections_name_key unique (workspace_id, name)
);

create table public.gl_mappings (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null default '00000000-0000-0000-0000-000000000001' references glsync.workspaces,
    connection_id uuid not null references public.gl_connections on delete cascade,
    name text not null,
    glide_table text not null check (glide_table <> ''),
    glide_table_display_name text not null,
    supabase_table text not null check (supabase_table <> ''),
    column_mappings jsonb not null default '{}' check (jsonb_typeof(column_mappings) = 'object'),
    sync_direction text not null default 'to_supabase' check (sync_direction in ('to_supabase', 'to_glide', 'both')),
    enabled boolean not null default true,
    deletes text not null default 'keep' check (deletes in ('keep', 'mark', 'delete')),
    delete_grace integer not null default 60 check (delete_grace >= 0),
    conflict_policy text not null default 'ask' check (conflict_policy in ('glide', 'postgres', 'newest', 'ask')),
    marker_column text,
    options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
    status text not null default 'active' check (status in ('draft', 'active')),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint gl_mappings_name_key unique (workspace_id, name),
    constraint gl_mappings_pair_key unique (connection_id, glide_table, supabase_table)
);

create table public.gl_sync_logs (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null default '00000000-0000-0000-0000-000000000001' references glsync.workspaces,
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    status text not null default 'started' check (
        status in ('started', 'processing', 'completed', 'completed_with_errors', 'failed', 'cancelled')
    ),
    message text,
    records_processed integer not null default 0,
    started_at timestamptz not null default now(),
    completed_at timestamptz,
    direction text not null check (direction in ('to_supabase', 'to_glide', 'both')),
    trigger text not null default 'manual' check (
        trigger in ('manual', 'cli', 'schedule', 'retry', 'webhook', 'api')
    ),
    actor text,
    stage text,
    read_rows integer not null default 0,
    created_rows integer not null default 0,
    updated_rows integer not null default 0,
    deleted_rows integer not null default 0,
    skipped_rows integer not null default 0,
    failed_rows integer not null default 0,
    conflict_rows integer not null default 0,
    expected_rows integer,
    price numeric not null default 0,
    heartbeat_at timestamptz,
    epoch bigint,
    job_id bigint,
    cancel_requested boolean not null default false,
    error_type text check (error_type ~ '^[A-Z][A-Z_]*$'),
    hint text,
    waiting jsonb not null default '[]' check (jsonb_typeof(waiting) = 'array'),
    approved_hash text,
    plan_hash text,
    mapping_version integer,
    options jsonb not null default '{}' check (jsonb_typeof(options) = 'object')
);

create index gl_sync_logs_by_mapping on public.gl_sync_logs (mapping_id, started_at desc);
create index gl_sync_logs_by_time on public.gl_sync_logs (started_at desc);
create index gl_sync_logs_by_workspace on public.gl_sync_logs (workspace_id, started_at desc);
create index gl_sync_logs_unfinished on public.gl_sync_logs (mapping_id) where completed_at is null;

create table public.gl_sync_errors (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null default '00000000-0000-0000-0000-000000000001' references glsync.workspaces,
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    log_id uuid references public.gl_sync_logs on delete set null,
    error_type text not null check (error_type ~ '^[A-Z][A-Z_]*$'),
    error_message text not null,
    record_data jsonb,
    retryable boolean,
    created_at timestamptz not null default now(),
    resolved_at timestamptz,
    resolution_notes text,
    glide_row_id text,
    column_name text,
    value text,
    rule text,
    hint text,
    fingerprint text not null,
    attempts integer not null default 1 check (attempts > 0),
    last_seen_at timestamptz not null default now(),
    next_retry_at timestamptz,
    resolved_by text,
    state text not null default 'open' check (state in ('open', 'retrying', 'resolved', 'ignored')),
    constraint gl_sync_errors_end check ((resolved_at is null) = (state in ('open', 'retrying')))
);

-- One error that is not resolved per thing that is wrong. An ignored one stays ignored when it is met again;
-- a resolved one that comes back is a new row, so that its history stays.
create unique index gl_sync_errors_live on public.gl_sync_errors (mapping_id, fingerprint) where state <> 'resolved';
create index gl_sync_errors_by_mapping on public.gl_sync_errors (mapping_id, created_at desc);
create index gl_sync_errors_open on public.gl_sync_errors (workspace_id, mapping_id, error_type, column_name)
include (last_seen_at, created_at) where resolved_at is null;
create index gl_sync_errors_by_state on public.gl_sync_errors (workspace_id, state, created_at);
create index gl_sync_errors_by_time on public.gl_sync_errors (workspace_id, created_at desc);
create index gl_sync_errors_by_log on public.gl_sync_errors (log_id);
create index gl_sync_errors_due on public.gl_sync_errors (next_retry_at)
where resolved_at is null and next_retry_at is not null;

-- The first of `wanted`, `wanted 2`, `wanted 3`, ... that is not taken.
create function glsync.free_name(wanted text, taken text[]) returns text
language sql immutable set search_path = ''
as $$
    select candidate
    from (
        select wanted as candidate, 1 as n
        union all
        select wanted || ' ' || n, n from generate_series(2, cardinality(taken) + 2) as n
    ) as candidates
    where candidate <> all (taken)
    order by n
    limit 1
$$;

-- updated_at follows every change, and version counts the saves of a connection or mapping.
create function glsync.note_change() returns trigger
language plpgsql set search_path = ''
as $$
begin
    if new is not distinct from old then
        return new;
    end if;
    if new.updated_at is not distinct from old.updated_at then
        new.updated_at := now();
    end if;
    return new;
end
$$;

create function glsync.fill_connection() returns trigger
language plpgsql set search_path = ''
as $$
begin
    if tg_op = 'UPDATE' and new.workspace_id <> old.workspace_id then
        raise exception 'A connection stays in its workspace.'
            using errcode = 'check_violation', hint = 'Make a new connection in the other workspace.';
    end if;
    if new.name is null then
        new.name := glsync.free_name(coalesce(nullif(new.app_name, ''), new.app_id), array(
            select c.name from public.gl_connections as c where c.workspace_id = new.workspace_id
        ));
    end if;
    -- A key in clear is never stored: only the application holds the master key, so only it can seal one.
    if new.api_key not like 'glsync:v1:%' then
        new.api_key_last4 := case when length(new.api_key) >= 12 then right(new.api_key, 4) else '' end;
        new.api_key := null;
        new.status_message := 'The API key was given in clear and therefore not stored. Enter it under Connections.';
        raise warning 'The API key of connection "%" was given in clear and therefore not stored.', new.name
            using hint = 'Enter it under Connections, or use the command apply.';
    end if;
    if tg_op = 'UPDATE' and (new.name, new.app_id, new.api_key, new.app_name, new.settings)
        is distinct from (old.name, old.app_id, old.api_key, old.app_name, old.settings) then
        new.version := old.version + 1;
    end if;
    return new;
end
$$;

create trigger fill before insert or update on public.gl_connections
for each row execute function glsync.fill_connection();
create trigger touch before update on public.gl_connections
for each row execute function glsync.note_change();

-- The workspace always comes from the connection, whatever the statement says.
create function glsync.fill_mapping() returns trigger
language plpgsql set search_path = ''
as $$
begin
    select c.workspace_id into new.workspace_id from public.gl_connections as c where c.id = new.connection_id;
    if not found then
        raise exception 'There is no connection "%".', new.connection_id using errcode = 'foreign_key_violation';
    end if;
    new.glide_table_display_name := coalesce(new.glide_table_display_name, new.glide_table);
    if new.name is null then
        new.name := glsync.free_name(new.glide_table_display_name, array(
            select m.name from public.gl_mappings as m where m.workspace_id = new.workspace_id
        ));
    end if;
    if tg_op = 'UPDATE' and to_jsonb(new) - array['version', 'updated_at']
        is distinct from to_jsonb(old) - array['version', 'updated_at'] then
        new.version := old.version + 1;
    end if;
    return new;
end
$$;

create trigger fill before insert or update on public.gl_mappings
for each row execute function glsync.fill_mapping();
create trigger touch before update on public.gl_mappings
for each row execute function glsync.note_change();

create function glsync.fill_log() returns trigger
language plpgsql set search_path = ''
as $$
begin
    select m.workspace_id, coalesce(new.direction, m.sync_direction), coalesce(new.mapping_version, m.version)
    into new.workspace_id, new.direction, new.mapping_version
    from public.gl_mappings as m
    where m.id = new.mapping_id;
    if not found then
        raise exception 'There is no mapping "%".', new.mapping_id using errcode = 'foreign_key_violation';
    end if;
    return new;
end
$$;

create trigger fill before insert or update of workspace_id, mapping_id on public.gl_sync_logs
for each row execute function glsync.fill_log();

-- What makes two errors the same one: the rule that a cell broke; without a rule or column the message; without a row
-- the record too.
create function glsync.error_fingerprint(
    error_type text, glide_row_id text, column_name text, rule text, message text, record_data jsonb
) returns text
language sql immutable parallel safe
return md5(jsonb_build_array(
    error_type, glide_row_id, column_name, rule,
    case when column_name is null and rule is null then message end,
    case when column_name is null and rule is null and glide_row_id is null then record_data end
)::text);

create function glsync.fill_error() returns trigger
language plpgsql set search_path = ''
as $$
begin
    select m.workspace_id into new.workspace_id from public.gl_mappings as m where m.id = new.mapping_id;
    if not found then
        raise exception 'There is no mapping "%".', new.mapping_id using errcode = 'foreign_key_violation';
    end if;
    new.fingerprint := glsync.error_fingerprint(
        new.error_type, new.glide_row_id, new.column_name, new.rule, new.error_message, new.record_data
    );
    return new;
end
$$;

create trigger fill before insert or update of workspace_id, mapping_id, fingerprint on public.gl_sync_errors
for each row execute function glsync.fill_error();

-- resolved_at and state say the same thing; whoever sets one gets the other.
create function glsync.fill_error_end() returns trigger
language plpgsql set search_path = ''
as $$
begin
    if new.resolved_at is not null and new.state in ('open', 'retrying') then
        if tg_op = 'UPDATE' and old.resolved_at is not null then
            new.resolved_at := null; -- the state was set back
            new.resolved_by := null;
        else
            new.state := 'resolved';
        end if;
    elsif new.resolved_at is null and new.state in ('resolved', 'ignored') then
        if tg_op = 'UPDATE' and old.resolved_at is not null then
            new.state := 'open'; -- the time was taken away
            new.resolved_by := null;
        else
            new.resolved_at := now();
        end if;
    end if;
    return new;
end
$$;

create trigger fill_end before insert or update of resolved_at, state on public.gl_sync_errors
for each row execute function glsync.fill_error_end();
