-- What speaks HTTP with us: tokens for the API, webhooks that come in, webhooks that go out.

-- A token is shown once and kept as its SHA-256. It acts with its role in its workspace until it expires or is revoked.
create table glsync.api_tokens (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null default '00000000-0000-0000-0000-000000000001' references glsync.workspaces on delete cascade,
    name text not null check (name <> ''),
    role text not null check (role in ('viewer', 'operator', 'editor', 'admin')),
    token_hash text not null unique,
    created_by text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text
);

create unique index api_tokens_live on glsync.api_tokens (workspace_id, name) where revoked_at is null;

-- An address that says "this mapping's table changed". Its path is a secret, kept as its SHA-256 like that of the
-- optional header; the signing keys of a sender that signs are sealed, because they have to be read again.
create table glsync.hooks (
    id uuid primary key default gen_random_uuid(),
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    name text not null check (name <> ''),
    path_hash text not null unique,
    header_hash text,
    signing_keys jsonb not null default '[]',
    created_by text not null,
    created_at timestamptz not null default now(),
    last_called_at timestamptz,
    constraint hooks_name_key unique (mapping_id, name)
);

-- Signed messages already taken, so that none counts twice. Older ones than the tolerated age are refused anyway.
create table glsync.hook_messages (
    hook_id uuid not null references glsync.hooks on delete cascade,
    message_id text not null,
    workspace_id uuid not null references glsync.workspaces,
    at timestamptz not null default now(),
    primary key (hook_id, message_id)
);

-- An address that is told what happened.
create table glsync.subscriptions (
    id uuid primary key default gen_random_uuid(),
    workspace_id uuid not null default '00000000-0000-0000-0000-000000000001' references glsync.workspaces on delete cascade,
    url text not null check (url <> ''),
    events jsonb not null default '[]' check (jsonb_typeof(events) = 'array'),
    signing_keys jsonb not null default '[]',
    enabled boolean not null default true,
    disabled_reason text,
    created_by text not null,
    created_at timestamptz not null default now()
);

-- One event on its way to one address. The id is the message's id, the same on every attempt.
create table glsync.deliveries (
    id uuid primary key default gen_random_uuid(),
    subscription_id uuid not null references glsync.subscriptions on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    event text not null,
    payload jsonb not null,
    state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
    attempts integer not null default 0,
    status integer,
    said text,
    created_at timestamptz not null default now(),
    next_at timestamptz,
    ended_at timestamptz
);

create index deliveries_by_subscription on glsync.deliveries (subscription_id, created_at desc);

create trigger fill before insert or update of workspace_id, mapping_id on glsync.hooks
for each row execute function glsync.fill_workspace('mapping');

-- Queue a run because something outside says the table changed: later by `pause`, so that a flood makes few runs. A run
-- that waits already will see the change, unless it was interrupted and carries on behind what it has read: then one
-- more follows it. So the last call is always followed by a read of the whole table.
create function glsync.hint_run(
    mapping_id uuid, actor text default null, pause interval default '5 seconds'
) returns uuid
language plpgsql set search_path = ''
as $$
declare
    run_lock text := 'mapping:' || hint_run.mapping_id;
    run_id uuid;
    run_job bigint;
begin
    for attempt in 1..10 loop
        select (j.args ->> 'log_id')::uuid into run_id
        from glsync_queue.procrastinate_jobs as j
        where j.queueing_lock = run_lock and j.status = 'todo';
        if found then
            update public.gl_sync_logs as l set options = l.options || '{"again": true}'
            where l.id = run_id and l.status = 'processing' and not l.options ? 'again';
            return run_id;
        end if;
        begin
            insert into public.gl_sync_logs (mapping_id, status, trigger, actor)
            values (hint_run.mapping_id, 'started', 'webhook', hint_run.actor)
            returning id into run_id;
            run_job := (glsync_queue.procrastinate_defer_jobs_v1(array[row(
                'sync', 'sync', 0, run_lock, run_lock, jsonb_build_object('log_id', run_id), now() + hint_run.pause
            )::glsync_queue.procrastinate_job_to_defer_v1]))[1];
            update public.gl_sync_logs as l set job_id = run_job where l.id = run_id;
            return run_id;
        exception
            when unique_violation then
                null; -- somebody else queued one at this moment: look again
        end;
    end loop;
    raise exception 'Mapping "%" could not be queued: its queue is changing all the time.', hint_run.mapping_id
        using errcode = 'lock_not_available', hint = 'Try again.';
end
$$;

-- Queue an attempt to deliver a message at that time.
create function glsync.queue_delivery(delivery_id uuid, at timestamptz default now()) returns void
language plpgsql set search_path = ''
as $$
begin
    perform glsync_queue.procrastinate_defer_jobs_v1(array[row(
        'webhooks', 'deliver', 0, null, null, jsonb_build_object('delivery_id', queue_delivery.delivery_id),
        queue_delivery.at
    )::glsync_queue.procrastinate_job_to_defer_v1]);
end
$$;

-- Put an event on its way to everybody who asked for its kind.
create function glsync.tell(workspace_id uuid, event text, data jsonb) returns void
language plpgsql set search_path = ''
as $$
declare
    delivery uuid;
begin
    for delivery in
        insert into glsync.deliveries (subscription_id, workspace_id, event, payload)
        select s.id, s.workspace_id, tell.event,
            jsonb_build_object('type', tell.event, 'timestamp', to_jsonb(now()), 'data', tell.data)
        from glsync.subscriptions as s
        where s.workspace_id = tell.workspace_id and s.enabled and s.events ? tell.event
        returning id
    loop
        perform glsync.queue_delivery(delivery);
    end loop;
end
$$;

-- A run ended, whoever ended it: tell it, without a word of what stands in the rows.
-- SECURITY DEFINER because whoever may end a run may not write to the queue.
create function glsync.tell_of_run() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
    run jsonb;
    opened jsonb;
begin
    if new.options ? 'again' then
        perform glsync.hint_run(new.mapping_id, new.actor);
    end if;
    if new.status = 'cancelled'
        or not exists (select from glsync.subscriptions as s where s.workspace_id = new.workspace_id and s.enabled) then
        return null;
    end if;
    select jsonb_build_object(
        'run_id', new.id, 'mapping_id', m.id, 'mapping', m.name, 'status', new.status, 'trigger', new.trigger,
        'direction', new.direction, 'started_at', to_jsonb(new.started_at), 'completed_at', to_jsonb(new.completed_at),
        'read', new.read_rows, 'created', new.created_rows, 'updated', new.updated_rows, 'deleted', new.deleted_rows,
        'failed', new.failed_rows, 'conflicts', new.conflict_rows, 'error_type', new.error_type,
        'waiting', jsonb_array_length(new.waiting)
    ) into run
    from public.gl_mappings as m where m.id = new.mapping_id;
    perform glsync.tell(new.workspace_id, case new.status when 'failed' then 'run.failed' else 'run.completed' end, run);

    select jsonb_object_agg(e.error_type, e.count) into opened
    from (
        select error_type, count(*) from public.gl_sync_errors
        where log_id = new.id and state = 'open' and attempts = 1 group by error_type
    ) as e;
    if opened is not null then
        perform glsync.tell(new.workspace_id, 'errors.opened', jsonb_build_object(
            'run_id', new.id, 'mapping_id', new.mapping_id, 'mapping', run -> 'mapping', 'errors', opened
        ));
    end if;
    return null;
end
$$;

create trigger tell after update of completed_at on public.gl_sync_logs
for each row when (old.completed_at is null and new.completed_at is not null)
execute function glsync.tell_of_run();

do $$
declare
    target text;
begin
    foreach target in array array['api_tokens', 'hooks', 'hook_messages', 'subscriptions', 'deliveries'] loop
        perform glsync.secure_table(('glsync.' || target)::regclass);
    end loop;
    perform glsync.grant_functions();
end
$$;
