-- How many rows of both sides a run wrote, as far as history still knows: a page of new rows is one line of it.
select coalesce(sum(
    case when h.after ? 'written_by' and h.glide_row_id is null
        then length(h.after ->> 'rows') - length(replace(h.after ->> 'rows', E'\x1f', '')) + 1 else 1 end
), 0)
from glsync.history as h
where h.log_id = %(log)s
