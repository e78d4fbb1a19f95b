-- One row that says how the whole workspace stands.
select
    count(*) as mappings_total,
    count(*) filter (where m.status = 'active' and m.enabled) as mappings_active,
    count(*) filter (
        where m.enabled and m.status = 'active'
            and (s.current_status in ('failed', 'completed_with_errors') or s.error_count > 0 or c.status = 'error' or m.id in (
                select o.mapping_id from public.gl_conflicts as o where o.workspace_id = %(workspace)s and o.state = 'open'
            ))
    ) as attention,
    count(*) filter (where s.current_status in ('started', 'processing')) as running,
    min(s.last_success_at) filter (where m.enabled and m.status = 'active') as oldest_freshness,
    count(*) filter (where m.enabled and m.status = 'active' and s.last_success_at is null) as never_run,
    coalesce(bool_or(s.last_success_at is not null), false) as ever_synced,
    (select count(*) from public.gl_connections as k where k.workspace_id = %(workspace)s) as connections_total,
    coalesce(sum(s.error_count), 0)::bigint as open_errors,
    (
        select count(*) from public.gl_conflicts as o where o.workspace_id = %(workspace)s and o.state = 'open'
    ) as open_conflicts,
    (
        select (count(*) filter (where l.status in ('completed', 'completed_with_errors')))::float
            / nullif(count(*) filter (where l.status in ('completed', 'completed_with_errors', 'failed')), 0)
        from public.gl_sync_logs as l
        where l.workspace_id = %(workspace)s and l.started_at >= now() - interval '7 days'
    ) as success_rate_7d
from public.gl_mappings as m
join public.gl_connections as c on c.id = m.connection_id
join public.gl_mapping_status as s on s.mapping_id = m.id
where m.workspace_id = %(workspace)s
