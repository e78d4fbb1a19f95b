-- In which two tables the rows of a two-way mapping were linked: another table behind the same name must not look like
-- a table whose rows were all deleted and written anew.
create table glsync.linked_tables (
    mapping_id uuid primary key references public.gl_mappings on delete cascade,
    workspace_id uuid not null references glsync.workspaces,
    glide_table text not null,
    table_oid oid not null
);

create trigger fill before insert or update of workspace_id, mapping_id on glsync.linked_tables
for each row execute function glsync.fill_workspace('mapping');

select glsync.secure_table('glsync.linked_tables'::regclass);
