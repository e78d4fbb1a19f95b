-- A call carries hundreds of writes to Glide, and most are answered as one: accepted. That is noted once for the call.
create table glsync.calls (
    id uuid primary key,
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    sent_at timestamptz not null default clock_timestamp(),
    accepted_at timestamptz
);
create index calls_by_mapping on glsync.calls (mapping_id);

create trigger fill before insert or update of workspace_id, mapping_id on glsync.calls
for each row execute function glsync.fill_workspace('mapping');
select glsync.secure_table('glsync.calls'::regclass);
select glsync.open_to_members('glsync.calls', 'workspace_id', null);

alter table glsync.intents add column call_id uuid;

-- Since the log of a write is no foreign key any more, nothing looks for writes by their log. Dropping an index takes a
-- moment, whatever its size.
-- squawk-ignore require-concurrent-index-deletion
drop index glsync.intents_by_log;

-- what people may read is granted by column, so a new one is granted anew
select glsync.open_to_members('glsync.intents', 'workspace_id', null);
