-- Was a delete of the parent refused because of the child, and does no row of the child refer to that row any more?
select exists (
    select
    from public.gl_sync_errors as e
    inner join {parent} as p on p.glide_row_id = e.glide_row_id
    where e.mapping_id = %(parent)s and e.error_type = 'RELATIONSHIP' and e.state in ('open', 'retrying')
        and e.rule in (
            select k.conname
            from pg_catalog.pg_constraint as k
            where k.contype = 'f'
                and k.confrelid = glsync.target_oid(%(parent_table)s) and k.conrelid = glsync.target_oid(%(child_table)s)
        )
        and not exists (select from {child} as c where c.{column} = p.{key})
)
