-- The runs that wrote one row last, on either side, the newest first.
select h.side, h.operation, h.at, h.log_id, l.actor, l.trigger
from glsync.history as h
left join public.gl_sync_logs as l on l.id = h.log_id
where h.mapping_id = %(mapping)s
    and (
        h.glide_row_id = %(row)s or h.pg_key = %(key)s
        or h.glide_row_id is null and h.pg_key is null and h.after ->> 'written_by' = %(written_by)s
    )
order by h.at desc, h.id desc
limit %(limit)s
