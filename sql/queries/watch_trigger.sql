-- Note every foreign transaction that writes to this table: once a statement, so bulk writes pay nothing by the row; of
-- sessions with session_replication_role, which tools that copy data set, as well.
create trigger glsync_touch after insert or update or delete or truncate on {target}
for each statement execute function glsync.note_touch();
alter table {target} enable always trigger glsync_touch
