-- Still here: beat, renew the lease, and hear whether somebody pressed Cancel. A page being stored holds the lease still;
-- then only the beat is renewed, which lease_take takes for a sign of life as well.
with kept as (
    update glsync.leases set until = clock_timestamp() + %(seconds)s * interval '1 second'
    where mapping_id in (
        select h.mapping_id from glsync.leases as h
        where h.mapping_id = %(mapping)s and h.epoch = %(epoch)s
        for no key update skip locked
    )
)
update public.gl_sync_logs as l
set heartbeat_at = clock_timestamp(), message = case when l.completed_at is null then %(message)s else l.message end
from glsync.leases as h
where h.mapping_id = %(mapping)s and h.epoch = %(epoch)s and l.id = h.log_id
returning l.cancel_requested
