-- Glide accepted a whole call; history keeps what its writes replaced there.
with accepted as (
    update glsync.calls
    set accepted_at = clock_timestamp()
    where id = %(call)s
)
insert into glsync.history (
    mapping_id, workspace_id, log_id, link_id, side, operation, glide_row_id, pg_key, before, after
)
select
    i.mapping_id, i.workspace_id, %(log)s, i.link_id, 'glide', i.operation, i.glide_row_id, i.pg_key, i.before,
    case when i.operation <> 'delete' then coalesce(i.before, '{}') || i.cells end
from unnest(%(ids)s::uuid[]) with ordinality as v (id, n)
inner join glsync.intents as i on i.id = v.id
order by v.n
