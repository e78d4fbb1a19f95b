-- What Glide said of the token of a run's connection: refused (with its words), or taken, after an earlier no.
update public.gl_connections as c
set status = case when %(refused)s::text is null then 'active' else 'error' end, status_message = %(refused)s
from public.gl_sync_logs as l
join public.gl_mappings as m on m.id = l.mapping_id
where l.id = %(log)s
    and c.id = m.connection_id
    and case when %(refused)s::text is null then c.status = 'error' else c.status = 'active' end
