-- How many conflicts a filter means.
select count(*)
from public.gl_conflicts as c
where {conflicts_filter}
