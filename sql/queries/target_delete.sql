-- Rows that are gone from Glide go from here.
delete from {target} where glide_row_id = any(%(ids)s)
