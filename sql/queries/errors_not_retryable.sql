-- Open errors that no retry can help, by type.
select e.error_type as type, count(*) as count
from public.gl_sync_errors as e
where {errors_filter}
    and e.state = 'open'
    and e.retryable = false
group by e.error_type
order by count desc, type
