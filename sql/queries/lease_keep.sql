-- Still here: renew the lease, beat, and hear whether somebody pressed Cancel.
with kept as (
    update glsync.leases set until = now() + %(seconds)s * interval '1 second'
    where mapping_id = %(mapping)s and epoch = %(epoch)s
    returning log_id
)
update public.gl_sync_logs as l
set heartbeat_at = now(), message = coalesce(%(message)s, l.message)
from kept
where l.id = kept.log_id
returning l.cancel_requested
