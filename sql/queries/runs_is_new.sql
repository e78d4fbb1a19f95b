-- Was this log made by this very transaction?
select started_at = now()
from public.gl_sync_logs
where id = %(log)s
