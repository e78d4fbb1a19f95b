-- A worker may connect as a login that is a member of glsync_worker and nothing more. It then reads and writes our tables,
-- and those tables of the user's that a mapping targets: whoever activates the mapping lets it in.

-- Let workers read and write this table, and note foreign writes to it; true when nothing stands in their way. Tables of
-- somebody else are theirs to open.
create function glsync.let_worker_in(target regclass) returns boolean
language plpgsql set search_path = ''
as $$
declare
    place record;
    counter regclass;
begin
    if glsync.role_named('glsync_worker') is null then
        return true;
    end if;
    select n.nspname as schema_name, c.relrowsecurity as guarded into place
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.oid = target;
    execute format('grant usage on schema %I to glsync_worker', place.schema_name);
    execute format('grant select, insert, update, delete, trigger on %s to glsync_worker', target);
    for counter in
        select d.objid::regclass
        from pg_catalog.pg_depend as d
        inner join pg_catalog.pg_class as s on s.oid = d.objid and s.relkind = 'S'
        where d.refobjid = target and d.deptype in ('a', 'i')
    loop
        execute format('grant usage on sequence %s to glsync_worker', counter);
    end loop;
    if place.guarded then
        perform glsync.add_policy(target, 'glsync_worker', 'all', 'glsync_worker', 'true');
    end if;
    return true;
exception
    when insufficient_privilege then
        return false;
end
$$;

do $$
begin
    perform glsync.grant_functions();
end
$$;
