-- Rows whose grace is over.
select glide_row_id from glsync.absent_rows
where mapping_id = %(mapping)s and missing_since <= now() - %(grace)s * interval '1 second'
order by glide_row_id
