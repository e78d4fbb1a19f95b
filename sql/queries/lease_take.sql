-- Take the mapping: free, run out, or (when our advisory lock proved it) held by a process that is gone.
insert into glsync.leases as h (mapping_id, log_id, owner, until, epoch, advisory_key)
values (%(mapping)s, %(log)s, %(owner)s, now() + %(seconds)s * interval '1 second', 1, %(key)s)
on conflict (mapping_id) do update
set log_id = excluded.log_id, owner = excluded.owner, until = excluded.until, epoch = h.epoch + 1
where %(is_gone)s or h.owner is null or h.until < now()
returning epoch
