delete from glsync.absent_rows where mapping_id = %(mapping)s and glide_row_id = any(%(ids)s)
