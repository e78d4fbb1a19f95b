-- A log whose run never began, because another process holds the mapping.
delete from public.gl_sync_logs
where id = %(log)s and status = 'started' and job_id is null
