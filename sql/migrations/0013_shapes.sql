-- The columns of both tables when the mapping was last saved and run, and what has changed since, in words.
create table glsync.shapes (
    mapping_id uuid primary key references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    mapping_version integer not null,
    glide jsonb not null,
    postgres jsonb not null,
    key jsonb not null,
    notices jsonb not null default '[]',
    seen_at timestamptz not null default now()
);

create trigger fill before insert or update of workspace_id, mapping_id on glsync.shapes
for each row execute function glsync.fill_workspace('mapping');

select glsync.secure_table('glsync.shapes'::regclass);
select glsync.open_to_members('glsync.shapes', 'workspace_id', null);
