-- Which of these rows the target still holds (and has not marked).
select glide_row_id from {target} where glide_row_id = any(%(ids)s) and {not_marked}
