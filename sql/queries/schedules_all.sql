-- Every mapping that has a schedule or had one, one of them or all; with how the last runs of the mapping as it is now
-- ended, the newest first.
select
    m.id, m.name, m.enabled and m.status = 'active' as is_on, m.options ->> 'schedule' as wanted,
    s.schedule as kept, s.next_at, s.paused_at,
    array(
        select case l.status when 'failed' then l.error_type else l.status end
        from public.gl_sync_logs as l
        where l.mapping_id = m.id and l.mapping_version = m.version and l.completed_at is not null
            and l.status <> 'cancelled'
        order by l.completed_at desc
        limit %(last)s
    ) as ends,
    (
        select l.message from public.gl_sync_logs as l
        where l.mapping_id = m.id and l.status = 'failed' order by l.completed_at desc limit 1
    ) as said
from public.gl_mappings as m
left join glsync.schedules as s on s.mapping_id = m.id
where (coalesce(m.options ->> 'schedule', '') <> '' or s.mapping_id is not null)
    and (%(mapping)s::uuid is null or m.id = %(mapping)s::uuid)
order by m.id
