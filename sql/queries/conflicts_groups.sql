-- Conflicts that are alike: same mapping, column and kind; the largest group first.
select
    c.mapping_id, m.name as mapping_name, c.kind, c.column_name as "column", count(*) as count,
    min(c.created_at) as first_seen, max(c.last_seen_at) as last_seen
from public.gl_conflicts as c
join public.gl_mappings as m on m.id = c.mapping_id
where {conflicts_filter}
group by c.mapping_id, m.name, c.kind, c.column_name
order by count(*) desc, m.name, c.column_name nulls first, c.kind
limit %(limit)s offset %(offset)s
