-- What a run is asked to do and what an earlier attempt at it has done.
select
    status, mapping_id, approved_hash, options, price,
    read_rows, created_rows, updated_rows, deleted_rows, skipped_rows, failed_rows, conflict_rows
from public.gl_sync_logs
where id = %(log)s
