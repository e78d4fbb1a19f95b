-- How many errors a filter means.
SELECT count(*)
FROM public.gl_sync_errors AS e
WHERE {errors_filter}
