-- What a two-way mapping remembers: rows as both sides last agreed on them, writes to Glide that are in flight, what was
-- overwritten, and what nobody may decide but a person.

-- The base: one row on both sides. `pg_key` is the target's primary key as the text of a JSON array; a row born in
-- Postgres has no glide_row_id until Glide has named it. Each half of the base is in the form its own side gives back.
-- A detached row was let go: it stays on that side and is not made again on the other.
create table glsync.links (
    id uuid primary key default gen_random_uuid(),
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    glide_row_id text,
    pg_key text,
    base_glide jsonb,
    base_postgres jsonb,
    detached text check (detached in ('glide', 'postgres')),
    updated_at timestamptz not null default now(),
    constraint links_by_glide unique (mapping_id, glide_row_id),
    constraint links_by_postgres unique (mapping_id, pg_key),
    check (glide_row_id is not null or pg_key is not null)
);

-- Writes to Glide, committed before the call and after it, so that a crash leaves no doubt about which are in doubt.
create table glsync.intents (
    id uuid primary key default gen_random_uuid(),
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    log_id uuid references public.gl_sync_logs on delete set null,
    epoch bigint not null,
    link_id uuid not null,
    operation text not null check (operation in ('create', 'update', 'delete')),
    glide_row_id text,
    pg_key text,
    cells jsonb not null default '{}',
    raw jsonb not null default '{}',
    before jsonb,
    base_glide jsonb,
    base_postgres jsonb,
    if_match text,
    state text not null default 'pending' check (state in ('pending', 'sent', 'accepted', 'unknown', 'done', 'failed', 'cancelled')),
    attempts integer not null default 0,
    scans integer not null default 0,
    said text,
    price numeric not null default 0,
    created_at timestamptz not null default clock_timestamp(),
    sent_at timestamptz,
    ended_at timestamptz
);

create index intents_open on glsync.intents (mapping_id, state) where state in ('pending', 'sent', 'accepted', 'unknown');
create index intents_by_log on glsync.intents (log_id);

-- Before-images of everything a run overwrote or took away, on both sides: what undo goes by.
create table glsync.history (
    id bigint generated always as identity primary key,
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    log_id uuid references public.gl_sync_logs on delete set null,
    link_id uuid,
    side text not null check (side in ('glide', 'postgres')),
    operation text not null check (operation in ('create', 'update', 'mark', 'delete')),
    glide_row_id text,
    pg_key text,
    before jsonb,
    after jsonb,
    at timestamptz not null default clock_timestamp()
);

create index history_by_log on glsync.history (log_id, id);
create index history_by_row on glsync.history (mapping_id, glide_row_id, at desc);

-- Both sides changed and nobody may guess: both values are kept until a person picks.
create table public.gl_conflicts (
    id uuid primary key default gen_random_uuid(),
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    log_id uuid references public.gl_sync_logs on delete set null,
    link_id uuid,
    glide_row_id text,
    pg_key text,
    column_name text,
    kind text not null check (kind in ('field', 'edit_delete', 'first_match')),
    base_value jsonb,
    glide_value jsonb,
    postgres_value jsonb,
    state text not null default 'open' check (state in ('open', 'resolved', 'gone')),
    resolution text check (resolution in ('glide', 'postgres')),
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    resolved_at timestamptz,
    resolved_by text,
    resolution_notes text,
    applied_at timestamptz
);

create unique index gl_conflicts_open on public.gl_conflicts (
    mapping_id, (coalesce(glide_row_id, pg_key)), (coalesce(column_name, ''))
) where state = 'open';
create index gl_conflicts_by_mapping on public.gl_conflicts (mapping_id, state, created_at desc);
create index gl_conflicts_by_workspace on public.gl_conflicts (workspace_id, state);

-- Equal digests of both sides over what a mapping keeps equal: proof that they were in sync at that moment.
create table glsync.certificates (
    mapping_id uuid primary key references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    log_id uuid references public.gl_sync_logs on delete set null,
    glide_digest text not null,
    postgres_digest text not null,
    rows bigint not null,
    glide_version text,
    at timestamptz not null default now()
);

create or replace function glsync.is_control_table(schema_name text, table_name text) returns boolean
language sql immutable parallel safe
return schema_name = 'public'
    and table_name in ('gl_connections', 'gl_mappings', 'gl_sync_logs', 'gl_sync_errors', 'gl_conflicts');

do $$
declare
    child text;
begin
    foreach child in array array['glsync.links', 'glsync.intents', 'glsync.history', 'public.gl_conflicts', 'glsync.certificates'] loop
        execute format(
            'create trigger fill before insert or update of workspace_id, mapping_id on %s '
            'for each row execute function glsync.fill_workspace(''mapping'')', child
        );
        perform glsync.secure_table(child::regclass);
    end loop;
    perform glsync.open_to_members('public.gl_conflicts', 'workspace_id', 'operator');
    perform glsync.open_to_members('glsync.history', 'workspace_id', null);
    perform glsync.open_to_members('glsync.certificates', 'workspace_id', null);
    perform glsync.open_to_members('glsync.intents', 'workspace_id', null);
    perform glsync.open_to_members('glsync.links', 'workspace_id', null);
end
$$;
