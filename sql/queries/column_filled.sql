-- Does any row that came from Glide hold a value in this column?
select exists (select from {target} where {column} is not null and glide_row_id is not null)
