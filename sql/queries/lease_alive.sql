-- Did whoever holds this mapping give a sign of life not long ago: its lease, or the heartbeat of its run?
select
from glsync.leases as h
where h.mapping_id = %(mapping)s and h.owner is not null and (
    h.until > clock_timestamp()
    or exists (
        select from public.gl_sync_logs as l
        where l.id = h.log_id and l.completed_at is null
            and l.heartbeat_at > clock_timestamp() - %(seconds)s * interval '1 second'
    )
)
