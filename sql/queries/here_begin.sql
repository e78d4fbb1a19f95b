-- The log of a run without a job: nobody but the process that made it works on it.
insert into public.gl_sync_logs (mapping_id, trigger, actor, options)
values (%(mapping)s, 'cli', %(actor)s, %(options)s)
returning id
