-- Writes in doubt that would be judged by their row not being among those this session read: Glide's names of the rows, null
-- for adds it has not named. Accepted deletes and adds are not: the former will happen, the latter are looked for in several
-- reads anyway.
select i.glide_row_id
from glsync.intents as i
left join glsync.calls as c on c.id = i.call_id
where i.mapping_id = %(mapping)s and i.state in ('sent', 'accepted', 'unknown')
    and (
        i.operation = 'update'
        or i.state <> 'accepted' and c.accepted_at is null
        and (i.operation = 'delete' or i.sent_at <= clock_timestamp() - %(settle)s::interval)
    )
    and not exists (select from glsync_glide as g where g.k = i.glide_row_id)
    and not exists (select from glsync_unread as u where u.k = i.glide_row_id)
order by 1
