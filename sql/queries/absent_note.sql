insert into glsync.absent_rows (mapping_id, glide_row_id, log_id)
select %(mapping)s, id, %(log)s from unnest(%(ids)s::text[]) as id
on conflict (mapping_id, glide_row_id) do nothing
