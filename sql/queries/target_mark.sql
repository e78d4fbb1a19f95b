-- Rows that are gone from Glide are marked, once.
update {target} set {mark} = now() where glide_row_id = any(%(ids)s) and {mark} is null
