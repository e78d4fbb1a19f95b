-- The rows of a page say anew what they wait for.
with gone as (
    delete from glsync_late as w where w.glide_row_id = any(%(rows)s)
)
insert into glsync_late (glide_row_id, n, parent)
select * from unnest(%(lacking)s::text[], %(numbers)s::int[], %(parents)s::text[])
