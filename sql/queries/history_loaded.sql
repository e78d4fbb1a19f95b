-- Rows that were copied into an empty table: their names, and the transaction that wrote them.
insert into glsync.history (mapping_id, log_id, side, operation, after)
select
    %(mapping)s, %(log)s, 'postgres', 'create',
    jsonb_build_object(
        'written_by', (select t.xmin::text from {target} as t where t.glide_row_id = %(first)s), 'rows', %(rows)s::text
    )
