-- History keeps what the writes of accepted calls replaced in Glide; until then the journal alone does.
with kept as (
    update glsync.calls
    set kept_at = clock_timestamp()
    where mapping_id = %(mapping)s and accepted_at is not null and kept_at is null
    returning id, accepted_at
)
insert into glsync.history (
    mapping_id, workspace_id, log_id, link_id, side, operation, glide_row_id, pg_key, before, after, at
)
select
    i.mapping_id, i.workspace_id, i.log_id, i.link_id, 'glide', i.operation, i.glide_row_id, i.pg_key, i.before,
    case when i.operation <> 'delete' then coalesce(i.before, '{}') || i.cells end, k.accepted_at
from kept as k
inner join glsync.intents as i on i.call_id = k.id and i.mapping_id = %(mapping)s and i.state = 'sent'
order by k.accepted_at, i.created_at
