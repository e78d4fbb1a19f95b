-- Note every foreign transaction that writes to this table: once a statement, so bulk writes pay nothing by the row; in
-- sessions that replay what another server wrote as well.
create trigger glsync_touch after insert or update or delete or truncate on {target}
for each statement execute function glsync.note_touch();
alter table {target} enable always trigger glsync_touch
