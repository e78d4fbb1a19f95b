-- Are both sides equal over everything the mapping keeps equal? One digest a side, independent of the rows' order.
with inside_glide as (
    select k, cells from glsync_glide as g where not exists (select from glsync_outside as o where o.k = g.k)
), inside_postgres as (
    select k, cells from glsync_postgres as p where not exists (select from glsync_outside as o where o.k = p.k)
)
select
    (select md5(coalesce(string_agg(md5(k || cells::text), '' order by k), '')) from inside_glide),
    (select md5(coalesce(string_agg(md5(k || cells::text), '' order by k), '')) from inside_postgres),
    (select count(*) from inside_glide)
