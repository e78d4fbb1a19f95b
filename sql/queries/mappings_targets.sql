-- Tables a mapping may target, as schema.table.
select schema_name || '.' || table_name as target
from public.gl_tables_view
order by schema_name <> 'public', schema_name, table_name
