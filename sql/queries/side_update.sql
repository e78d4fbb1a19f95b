-- Set cells of rows that still say what the plan saw; a row somebody else changed meanwhile is left for the next run. Rows
-- that fit and were not written come back as well, said not to be done. Each part of a divided table counts its places
-- from the start, so a place is one only together with its part.
with v as (
    select * from jsonb_to_recordset(%(rows)s::jsonb) as v (n int, pg_key jsonb, planned jsonb, cells jsonb, glide_row_id text)
), hit as (
    select t.tableoid as part, t.ctid as place, v.n, v.cells, v.glide_row_id, to_jsonb(t.*) as before, v.planned = (select to_jsonb(c.*) from (select {cells}) as c) as fits
    from v
    inner join {target} as t on {by_key}
    for update of t
), done as (
    update {target} as t
    set {sets}
    from hit
    where t.ctid = hit.place and t.tableoid = hit.part and hit.fits
    returning hit.n, (select to_jsonb(c.*) from (select {cells}) as c) as after, hit.before
)
select n, null::text as pg_key, before, after, true as is_done from done
union all
select n, null, null, null, false from hit where fits and n not in (select n from done)
