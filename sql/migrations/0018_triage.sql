-- Errors as work: who takes care of one, until when one is ignored, and causes that are ignored from the start.
alter table public.gl_sync_errors
add column assigned_to text,
add column ignored_until timestamptz;

-- Errors of one cause that nobody needs to see: those met from now on begin as ignored, `until` then or, null, always.
create table glsync.ignored_causes (
    id uuid primary key default gen_random_uuid(),
    mapping_id uuid not null references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    error_type text not null,
    column_name text,
    rule text,
    until timestamptz,
    notes text,
    created_by text not null,
    created_at timestamptz not null default now(),
    unique nulls not distinct (mapping_id, error_type, column_name, rule)
);

create trigger fill before insert or update of workspace_id, mapping_id on glsync.ignored_causes
for each row execute function glsync.fill_workspace('mapping');
create trigger tell_of_change after insert or update or delete on glsync.ignored_causes
for each statement execute function glsync.tell_of_change('errors');

do $$
declare
    opened glsync.open_tables;
begin
    perform glsync.secure_table('glsync.ignored_causes'::regclass);
    perform glsync.open_to_members('glsync.ignored_causes'::regclass, 'workspace_id', 'operator');
    -- what people may read is granted by column, so a new one is granted anew
    for opened in select t.* from glsync.open_tables as t where t.table_name::regclass = 'public.gl_sync_errors'::regclass loop
        perform glsync.open_to_members(opened.table_name::regclass, opened.workspace_column, opened.writer);
    end loop;
end
$$;
