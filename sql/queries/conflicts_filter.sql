-- Which conflicts a filter means. An empty list, an empty search and a null filter nothing; "" stands for no column.
    c.workspace_id = %(workspace)s
    and {conflicts_state} = any (%(states)s::text[])
    and (%(mapping)s::uuid is null or c.mapping_id = %(mapping)s::uuid)
    and (%(log)s::uuid is null or c.log_id = %(log)s::uuid)
    and (cardinality(%(kinds)s::text[]) = 0 or c.kind = any (%(kinds)s::text[]))
    and (%(column)s::text is null or coalesce(c.column_name, '') = %(column)s::text)
    and (%(row)s::text is null or c.glide_row_id = %(row)s::text or c.pg_key = %(row)s::text)
    and (%(ids)s::uuid[] is null or c.id = any (%(ids)s::uuid[]))
    and (
        %(search)s = ''
        or strpos(
            lower(concat_ws(' ', c.glide_row_id, c.pg_key, c.column_name, c.glide_value, c.postgres_value)), lower(%(search)s)
        ) > 0
    )
