-- What became of writes; Glide's name of a row when it became known. History keeps what they replaced in Glide.
with marked as (
    update glsync.intents as i
    set state = v.state, glide_row_id = coalesce(v.row_id, i.glide_row_id), said = nullif(v.said, ''),
        ended_at = case when v.state in ('done', 'failed', 'cancelled') then clock_timestamp() end
    from unnest(%(ids)s::uuid[], %(states)s::text[], %(row_ids)s::text[], %(said)s::text[], %(taken)s::boolean[])
    with ordinality as v (id, state, row_id, said, is_taken, n)
    where i.id = v.id
    returning i.*, v.is_taken, v.n
)
insert into glsync.history (
    mapping_id, workspace_id, log_id, link_id, side, operation, glide_row_id, pg_key, before, after
)
select
    mapping_id, workspace_id, %(log)s, link_id, 'glide', operation, glide_row_id, pg_key, before,
    case when operation <> 'delete' then coalesce(before, '{}') || cells end
from marked
where is_taken
order by n
