-- Mappings of a workspace with how they stand; one by id or name, those of one connection, or those a search finds.
select
    m.id, m.name, m.connection_id, c.name as connection_name, m.glide_table,
    m.glide_table_display_name as glide_table_name,
    glsync.target_schema(m.supabase_table) || '.' || glsync.target_table(m.supabase_table) as target,
    m.sync_direction as direction, m.enabled, m.status, m.version,
    s.current_status, s.last_success_at as last_success, s.last_sync_started_at as last_started,
    case when m.enabled and m.status = 'active' then a.next_at end as next_run, m.options ->> 'schedule' as schedule,
    case
        when not m.enabled then m.options ->> 'pause' when a.schedule = m.options ->> 'schedule' then a.pause_reason
    end as pause_reason,
    case when m.enabled and m.status = 'active' then r.next_retry end as next_retry,
    s.total_records as records, s.error_count as open_errors,
    (select count(*) from public.gl_conflicts as o where o.mapping_id = m.id and o.state = 'open') as open_conflicts,
    s.last_log_id, s.last_message, s.last_error_type
from public.gl_mappings as m
join public.gl_connections as c on c.id = m.connection_id
join public.gl_mapping_status as s on s.mapping_id = m.id
left join glsync.schedules as a on a.mapping_id = m.id
left join (
    select e.mapping_id, min(e.next_retry_at) as next_retry
    from public.gl_sync_errors as e
    where e.next_retry_at is not null and e.resolved_at is null and e.state = 'open' and e.glide_row_id is null
    group by e.mapping_id
) as r on r.mapping_id = m.id
where m.workspace_id = %(workspace)s
    and (%(id)s::uuid is null or m.id = %(id)s::uuid)
    and (%(connection)s::uuid is null or m.connection_id = %(connection)s::uuid)
    and (
        %(search)s = ''
        or strpos(lower(concat_ws(' ', m.name, c.name, m.glide_table_display_name, m.supabase_table)), lower(%(search)s)) > 0
    )
order by m.name
limit %(limit)s offset %(offset)s
