-- A cause is no longer ignored.
delete from glsync.ignored_causes as i
where i.workspace_id = %(workspace)s and i.id = %(id)s
returning i.mapping_id, i.error_type as type, i.column_name as "column", i.rule
