-- Which errors a filter means. An empty list, an empty search and a null filter nothing; "" stands for no column or rule.
    e.workspace_id = :workspace
    AND (NOT :live OR e.resolved_at IS NULL)
    AND e.state = ANY (cast(:states AS text[]))
    AND (cast(:mapping AS uuid) IS NULL OR e.mapping_id = cast(:mapping AS uuid))
    AND (cast(:log AS uuid) IS NULL OR e.log_id = cast(:log AS uuid))
    AND (cardinality(cast(:types AS text[])) = 0 OR e.error_type = ANY (cast(:types AS text[])))
    AND (cast(:column AS text) IS NULL OR coalesce(e.column_name, '') = cast(:column AS text))
    AND (cast(:rule AS text) IS NULL OR coalesce(e.rule, '') = cast(:rule AS text))
    AND (cast(:ids AS uuid[]) IS NULL OR e.id = ANY (cast(:ids AS uuid[])))
    AND (
        :search = ''
        OR strpos(lower(concat_ws(' ', e.error_message, e.glide_row_id, e.column_name, e.value)), lower(:search)) > 0
    )
