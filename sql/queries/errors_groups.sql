-- Errors by cause: one row per mapping, type, column and rule, the largest first; each with the error that was first, and
-- how many came on each of the last seven days, which only those on the page are asked for.
select
    g.mapping_id, g.mapping_name, g.type, g."column", g.rule, g.count, g.first_seen, g.last_seen,
    f.sample_value, f.sample_message, t.trend
from (
    select c.*, m.name as mapping_name
    from (
        select
            e.mapping_id, e.error_type as type, e.column_name as "column", e.rule,
            count(*) as count,
            min(e.created_at) as first_seen,
            max(e.last_seen_at) as last_seen
        from public.gl_sync_errors as e
        where {errors_filter}
        group by e.mapping_id, e.error_type, e.column_name, e.rule
    ) as c
    join public.gl_mappings as m on m.id = c.mapping_id
    order by c.count desc, c.last_seen desc, m.name, c.type, c."column", c.rule
    limit %(limit)s offset %(offset)s
) as g
cross join lateral (
    select min(e.value collate "C") as sample_value, min(e.error_message collate "C") as sample_message
    from public.gl_sync_errors as e
    where e.mapping_id = g.mapping_id and e.created_at = g.first_seen and e.error_type = g.type
        and e.column_name is not distinct from g."column" and e.rule is not distinct from g.rule
) as f
cross join lateral (
    select
        array[
            count(*) filter (where e.created_at < d.ago_6),
            count(*) filter (where e.created_at >= d.ago_6 and e.created_at < d.ago_5),
            count(*) filter (where e.created_at >= d.ago_5 and e.created_at < d.ago_4),
            count(*) filter (where e.created_at >= d.ago_4 and e.created_at < d.ago_3),
            count(*) filter (where e.created_at >= d.ago_3 and e.created_at < d.ago_2),
            count(*) filter (where e.created_at >= d.ago_2 and e.created_at < d.ago_1),
            count(*) filter (where e.created_at >= d.ago_1)
        ] as trend
    from public.gl_sync_errors as e
    cross join (
        select
            now() - interval '1 day' as ago_1, now() - interval '2 days' as ago_2, now() - interval '3 days' as ago_3,
            now() - interval '4 days' as ago_4, now() - interval '5 days' as ago_5, now() - interval '6 days' as ago_6,
            now() - interval '7 days' as ago_7
    ) as d
    where {errors_filter}
        and e.mapping_id = g.mapping_id and e.error_type = g.type
        and e.column_name is not distinct from g."column" and e.rule is not distinct from g.rule
        and e.created_at >= d.ago_7
) as t
order by g.count desc, g.last_seen desc, g.mapping_name, g.type, g."column", g.rule
