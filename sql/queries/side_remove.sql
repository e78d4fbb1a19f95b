-- Take away rows that still say what the plan saw; those that fit and stayed come back as not done (see side_update).
with v as (
    select * from jsonb_to_recordset(%(rows)s::jsonb) as v (n int, pg_key jsonb, planned jsonb)
), hit as (
    select t.tableoid as part, t.ctid as place, v.n, to_jsonb(t.*) as before, v.planned = (select to_jsonb(c.*) from (select {cells}) as c) as fits
    from v
    inner join {target} as t on {by_key}
    for update of t
), done as (
    {removal}
)
select n, null::text as pg_key, before, null::jsonb as after, true as is_done from done
union all
select n, null, null, null, false from hit where fits and n not in (select n from done)
