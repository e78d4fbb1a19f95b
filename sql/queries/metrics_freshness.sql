-- Per active mapping, how long ago its tables were last brought in step; null when never.
select
    m.id as mapping_id, m.name as mapping, s.last_success_at,
    extract(epoch from now() - s.last_success_at)::float as age_seconds
from public.gl_mappings as m
join public.gl_mapping_status as s on s.mapping_id = m.id
where m.workspace_id = %(workspace)s and m.enabled and m.status = 'active'
order by s.last_success_at nulls first, m.name
