-- Rows of all runs there are records of, by what became of them.
select r.what, sum(r.rows)::bigint as rows
from public.gl_sync_logs as l
cross join lateral (
    values ('read', l.read_rows), ('created', l.created_rows), ('updated', l.updated_rows), ('deleted', l.deleted_rows),
        ('skipped', l.skipped_rows), ('failed', l.failed_rows), ('conflict', l.conflict_rows)
) as r (what, rows)
where %(workspace)s::uuid is null or l.workspace_id = %(workspace)s::uuid
group by r.what
