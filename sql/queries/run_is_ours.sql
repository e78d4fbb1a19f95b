-- Is this run still open, and has nobody with a later epoch taken it up?
select from public.gl_sync_logs where id = %(log)s and completed_at is null and coalesce(epoch, 0) <= %(epoch)s for update
