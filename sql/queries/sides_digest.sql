-- Are both sides equal over everything the mapping keeps equal? One digest a side, independent of the rows' order.
select
    (select md5(coalesce(string_agg(md5(k || cells::text), '' order by k), '')) from glsync_glide),
    (select md5(coalesce(string_agg(md5(k || cells::text), '' order by k), '')) from glsync_postgres),
    (select count(*) from glsync_glide)
