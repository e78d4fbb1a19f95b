-- Screens hear of changes: one notice a statement on channel glsync, whose text is a topic and nothing more. Notices of
-- one transaction that say the same are one, and they leave with its commit, so a page of rows costs one of them.
create function glsync.tell_of_change() returns trigger
language plpgsql set search_path = ''
as $$
begin
    perform pg_catalog.pg_notify('glsync', tg_argv[0]);
    return null;
end
$$;

create trigger tell_of_change after insert or update or delete on public.gl_connections
for each statement execute function glsync.tell_of_change('connections');
create trigger tell_of_change after insert or update or delete on public.gl_mappings
for each statement execute function glsync.tell_of_change('mappings');
create trigger tell_of_change after insert or update or delete on glsync.schedules
for each statement execute function glsync.tell_of_change('mappings');
create trigger tell_of_change after insert or update or delete on public.gl_sync_logs
for each statement execute function glsync.tell_of_change('runs');
create trigger tell_of_change after insert or update or delete on glsync.run_events
for each statement execute function glsync.tell_of_change('runs');
create trigger tell_of_change after insert or update or delete on public.gl_sync_errors
for each statement execute function glsync.tell_of_change('errors');
create trigger tell_of_change after insert or update or delete on public.gl_conflicts
for each statement execute function glsync.tell_of_change('errors');
create trigger tell_of_change after insert on glsync.audit
for each statement execute function glsync.tell_of_change('activity');
