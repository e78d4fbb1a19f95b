-- When mappings run by themselves. `schedule` is the text of options.schedule that the times belong to; another text
-- begins anew. A schedule that paused itself says why; it goes on when the mapping is saved or a run succeeds.
create table glsync.schedules (
    mapping_id uuid primary key references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    schedule text not null,
    next_at timestamptz,
    last_at timestamptz,
    paused_at timestamptz,
    pause_reason text
);

create trigger fill before insert or update of workspace_id, mapping_id on glsync.schedules
for each row execute function glsync.fill_workspace('mapping');

select glsync.secure_table('glsync.schedules'::regclass);
select glsync.open_to_members('glsync.schedules', 'workspace_id', 'editor');
