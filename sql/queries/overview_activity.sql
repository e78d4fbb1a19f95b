-- What happened last, by people and by runs, newest first.
select at, kind, actor, action, subject_type, subject_id, subject_name, level
from (
    (
        select
            a.at, 'audit' as kind, a.actor, a.action, a.subject_type, a.subject_id, a.subject_name, 'info' as level
        from glsync.audit as a
        where a.workspace_id = %(workspace)s
        order by a.at desc
        limit %(limit)s
    )
    union all
    (
        select
            coalesce(l.completed_at, l.started_at), 'run', coalesce(l.actor, l.trigger), l.status,
            'run', l.id::text, m.name,
            case l.status when 'failed' then 'error' when 'completed_with_errors' then 'warning' else 'info' end
        from public.gl_sync_logs as l
        join public.gl_mappings as m on m.id = l.mapping_id
        where l.workspace_id = %(workspace)s
        order by l.started_at desc
        limit %(limit)s
    )
) as happened
order by at desc, subject_name
limit %(limit)s
