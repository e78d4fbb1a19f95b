-- Which errors a filter means. An empty list, an empty search and a null filter nothing; "" stands for no column or rule.
    e.workspace_id = %(workspace)s
    and (not %(live)s or e.resolved_at is null)
    and e.state = any (%(states)s::text[])
    and (%(mapping)s::uuid is null or e.mapping_id = %(mapping)s::uuid)
    and (%(log)s::uuid is null or e.log_id = %(log)s::uuid)
    and (cardinality(%(types)s::text[]) = 0 or e.error_type = any (%(types)s::text[]))
    and (%(column)s::text is null or coalesce(e.column_name, '') = %(column)s::text)
    and (%(rule)s::text is null or coalesce(e.rule, '') = %(rule)s::text)
    and (%(ids)s::uuid[] is null or e.id = any (%(ids)s::uuid[]))
    and (%(assignee)s::text is null or e.assigned_to = %(assignee)s::text)
    and (
        %(search)s = ''
        or strpos(lower(concat_ws(' ', e.error_message, e.glide_row_id, e.column_name, e.value)), lower(%(search)s)) > 0
    )
