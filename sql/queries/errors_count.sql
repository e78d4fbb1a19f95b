-- How many errors a filter means.
select count(*)
from public.gl_sync_errors as e
where {errors_filter}
