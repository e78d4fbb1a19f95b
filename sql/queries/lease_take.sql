-- Take the mapping: free, run out without a sign of life, or held by a process that our advisory lock proved gone. The key
-- is 0 where the taker got no advisory lock, so that nobody takes its absence for a proof.
insert into glsync.leases as h (mapping_id, log_id, owner, until, epoch, advisory_key)
values (
    %(mapping)s, %(log)s, %(owner)s, clock_timestamp() + %(seconds)s * interval '1 second', 1,
    case when %(is_gone)s then %(key)s else 0 end
)
on conflict (mapping_id) do update
set log_id = excluded.log_id, owner = excluded.owner, until = excluded.until, epoch = h.epoch + 1,
    advisory_key = excluded.advisory_key
where %(is_gone)s and h.advisory_key <> 0
    or h.owner is null
    or h.until < clock_timestamp() and not exists (
        select from public.gl_sync_logs as l
        where l.id = h.log_id and l.completed_at is null
            and l.heartbeat_at > clock_timestamp() - %(seconds)s * interval '1 second'
    )
returning epoch
