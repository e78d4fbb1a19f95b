-- Accepted writes that the read of Glide in this session shows word for word: done, and their rows stand on the base they
-- were to make. Those whose row has another name or key by now, or says something else, are looked at one by one.
with seen as (
    select i.id, i.link_id, i.operation, i.base_glide, i.base_postgres
    from glsync.intents as i
    inner join glsync_glide as g on g.k = i.glide_row_id
    inner join glsync.links as l
        on l.id = i.link_id and l.glide_row_id = i.glide_row_id and l.pg_key is not distinct from i.pg_key
    left join glsync.calls as c on c.id = i.call_id
    where i.mapping_id = %(mapping)s and i.operation in ('create', 'update')
        and (i.state = 'accepted' or i.state = 'sent' and c.accepted_at is not null)
        and g.cells || i.cells = g.cells
        and not exists (select from glsync_unread as u where u.k = i.glide_row_id)
), based as (
    update glsync.links as l
    set base_glide = coalesce(s.base_glide, '{}'), base_postgres = coalesce(s.base_postgres, '{}'), detached = null,
        updated_at = now()
    from seen as s
    where l.id = s.link_id
), done as (
    update glsync.intents as i
    set state = 'done', ended_at = clock_timestamp()
    from seen as s
    where i.id = s.id
)
select operation, count(*)::integer
from seen
group by operation
