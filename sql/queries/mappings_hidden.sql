-- Is this a place no mapping may write to?
select glsync.is_hidden_schema(%(schema)s) or glsync.is_control_table(%(schema)s, %(table)s)
