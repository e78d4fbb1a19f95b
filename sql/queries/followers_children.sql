-- Does a row of the child wait for a row of the parent that is there by now: in Postgres by Glide's name, or named by Glide?
select exists (
    select
    from public.gl_sync_errors as e
    inner join {parent} as p on p.glide_row_id = e.value or p.{key}::text = e.value and p.glide_row_id is not null
    where e.mapping_id = %(child)s and e.error_type = 'RELATIONSHIP' and e.state in ('open', 'retrying')
        and e.column_name = %(column)s
)
