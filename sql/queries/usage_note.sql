insert into glsync.usage as u (connection_id, updates, calls) values (%(connection)s, %(updates)s, %(calls)s)
on conflict (connection_id, day) do update set updates = u.updates + excluded.updates, calls = u.calls + excluded.calls
