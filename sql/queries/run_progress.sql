-- Rows stored so far, in the transaction that stores them.
update public.gl_sync_logs
set stage = %(stage)s, records_processed = %(stored)s, read_rows = %(read)s, created_rows = %(created)s,
    updated_rows = %(updated)s, deleted_rows = %(deleted)s, skipped_rows = %(skipped)s, failed_rows = %(failed)s,
    conflict_rows = %(conflicts)s, expected_rows = %(expected)s, price = %(price)s, heartbeat_at = now()
where id = %(log)s
