-- Let a run that still waits carry out the part of a plan that was approved.
update public.gl_sync_logs
set options = options || jsonb_build_object('approve', %(approve)s::text)
where id = %(log)s and status = 'started'
