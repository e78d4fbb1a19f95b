-- What a run that ended used of its connection's day; the connection says when a run of it last ended.
with synced as (
    update public.gl_connections set last_sync = clock_timestamp() where id = %(connection)s
)

insert into glsync.usage as u (connection_id, updates, calls) values (%(connection)s, %(updates)s, %(calls)s)
on conflict (connection_id, day) do update set updates = u.updates + excluded.updates, calls = u.calls + excluded.calls
