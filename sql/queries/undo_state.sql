-- Can this run be undone? How many rows of it history still knows, until when it keeps them, and the run that undid it last.
select
    l.mapping_id, m.name as mapping_name, l.started_at, l.completed_at is not null as ended, m.sync_direction as direction,
    m.conflict_policy as policy,
    (
        {history_size}
    ) as rows,
    (select min(h.at) from glsync.history as h where h.log_id = l.id) + make_interval(days => %(days)s) as until,
    (
        select u.id from public.gl_sync_logs as u
        where u.mapping_id = l.mapping_id and u.options ->> 'undo' = l.id::text and u.options ->> 'accepted' = 'true'
        order by u.started_at desc
        limit 1
    ) as undone_by
from public.gl_sync_logs as l
join public.gl_mappings as m on m.id = l.mapping_id
where l.id = %(log)s and l.workspace_id = %(workspace)s
