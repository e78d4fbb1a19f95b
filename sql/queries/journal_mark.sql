-- What became of writes; Glide's name of a row when it became known.
update glsync.intents as i
set state = v.state, glide_row_id = coalesce(v.row_id, i.glide_row_id), said = nullif(v.said, ''),
    ended_at = case when v.state in ('done', 'failed', 'cancelled') then clock_timestamp() end
from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) as v (id, state, row_id, said)
where i.id = v.id
