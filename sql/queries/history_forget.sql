-- The oldest lines of history that nobody may undo any more, some at a time so that no lock lasts.
delete from glsync.history as h
using (select o.id, o.at from glsync.history as o order by o.id limit %(most)s) as oldest
where h.id = oldest.id and oldest.at < now() - make_interval(days => %(days)s)
