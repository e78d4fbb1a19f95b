-- Errors by cause: one row per mapping, type, column and rule, the largest first.
select
    g.mapping_id, m.name as mapping_name, g.type, g."column", g.rule, g.count, g.first_seen, g.last_seen,
    g.sample_value, g.sample_message, g.trend
from (
    select
        e.mapping_id, e.error_type as type, e.column_name as "column", e.rule,
        count(*) as count,
        min(e.created_at) as first_seen,
        max(e.last_seen_at) as last_seen,
        min(e.value collate "C") as sample_value,
        min(e.error_message collate "C") as sample_message,
        array[
            count(*) filter (where e.created_at >= now() - interval '7 days' and e.created_at < now() - interval '6 days'),
            count(*) filter (where e.created_at >= now() - interval '6 days' and e.created_at < now() - interval '5 days'),
            count(*) filter (where e.created_at >= now() - interval '5 days' and e.created_at < now() - interval '4 days'),
            count(*) filter (where e.created_at >= now() - interval '4 days' and e.created_at < now() - interval '3 days'),
            count(*) filter (where e.created_at >= now() - interval '3 days' and e.created_at < now() - interval '2 days'),
            count(*) filter (where e.created_at >= now() - interval '2 days' and e.created_at < now() - interval '1 day'),
            count(*) filter (where e.created_at >= now() - interval '1 day')
        ] as trend
    from public.gl_sync_errors as e
    where {errors_filter}
    group by e.mapping_id, e.error_type, e.column_name, e.rule
) as g
join public.gl_mappings as m on m.id = g.mapping_id
order by g.count desc, g.last_seen desc, m.name, g.type, g."column", g.rule
limit %(limit)s offset %(offset)s
