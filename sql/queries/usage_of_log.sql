-- What a run that broke off had spent until its last page, for its connection's day.
insert into glsync.usage as u (connection_id, updates, calls)
select m.connection_id, l.price, 0
from public.gl_sync_logs as l
inner join public.gl_mappings as m on m.id = l.mapping_id
where l.id = %(log)s and l.price > 0
on conflict (connection_id, day) do update set updates = u.updates + excluded.updates
