-- Glide updates and calls per connection and UTC day.
select u.day, c.name as connection, u.updates::float as updates, u.calls
from glsync.usage as u
join public.gl_connections as c on c.id = u.connection_id
where c.workspace_id = %(workspace)s
    and u.day >= (now() at time zone 'UTC')::date - (%(days)s - 1)
order by u.day, c.name
