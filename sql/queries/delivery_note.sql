-- What came of an attempt; messages that ended a month ago are forgotten.
with old as (
    delete from glsync.deliveries where ended_at < now() - interval '30 days'
)
update glsync.deliveries
set attempts = attempts + 1, state = %(state)s, status = %(status)s, said = %(said)s, next_at = %(next)s,
    ended_at = case %(state)s when 'waiting' then null else now() end
where id = %(id)s
