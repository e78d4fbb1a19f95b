insert into glsync.checkpoints (mapping_id, log_id, epoch, pass, page, continuation, counts, saved_at)
values (%(mapping)s, %(log)s, %(epoch)s, %(pass)s, %(page)s, %(continuation)s, %(state)s, now())
on conflict (mapping_id) do update
set log_id = excluded.log_id, epoch = excluded.epoch, pass = excluded.pass, page = excluded.page,
    continuation = excluded.continuation, counts = excluded.counts, saved_at = excluded.saved_at
