-- Runs that broke off for a passing reason and are due to be tried again; each comes out once.
with due as (
    select e.id, e.mapping_id
    from public.gl_sync_errors as e
    inner join public.gl_mappings as m on m.id = e.mapping_id
    where e.next_retry_at <= %(now)s and e.state = 'open' and e.glide_row_id is null
        and m.enabled and m.status = 'active'
    for update of e skip locked
), taken as (
    update public.gl_sync_errors as e set next_retry_at = null from due where e.id = due.id
)
select distinct mapping_id from due order by 1
