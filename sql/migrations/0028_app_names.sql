-- What Glide calls an app is noted by checks and runs, not by people: it is in the way of nobody who edits the
-- connection meanwhile, so the version stays.
create or replace function glsync.fill_connection() returns trigger
language plpgsql set search_path = ''
as $$
begin
    if tg_op = 'UPDATE' and new.workspace_id <> old.workspace_id then
        raise exception 'A connection stays in its workspace.'
            using errcode = 'check_violation', hint = 'Make a new connection in the other workspace.';
    end if;
    if new.name is null then
        new.name := glsync.free_name(coalesce(nullif(new.app_name, ''), new.app_id), array(
            select c.name from public.gl_connections as c where c.workspace_id = new.workspace_id
        ));
    end if;
    -- A key in clear is never stored: only the application holds the master key, so only it can seal one.
    if new.api_key not like 'glsync:v1:%' then
        new.api_key_last4 := case when length(new.api_key) >= 12 then right(new.api_key, 4) else '' end;
        new.api_key := null;
        new.status_message := 'The API key was given in clear and therefore not stored. Enter it under Connections.';
        raise warning 'The API key of connection "%" was given in clear and therefore not stored.', new.name
            using hint = 'Enter it under Connections, or use the command apply.';
    end if;
    if tg_op = 'UPDATE' and (new.name, new.app_id, new.api_key, new.settings)
        is distinct from (old.name, old.app_id, old.api_key, old.settings) then
        new.version := old.version + 1;
    end if;
    return new;
end
$$;
