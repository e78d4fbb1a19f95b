-- First match by key columns: a row of each side that no link knows and that has exactly one counterpart becomes one row.
-- Rows with several candidates come back; nothing is guessed about them.
with candidates as (
    select g.k as glide, p.k as postgres
    from glsync_glide as g
    inner join glsync_postgres as p on {same}
    where p.glide_row_id is null
        and not exists (select from glsync.links as l where l.mapping_id = %(mapping)s and l.glide_row_id = g.k)
        and not exists (select from glsync.links as l where l.mapping_id = %(mapping)s and l.pg_key = p.pg_key)
        and not exists (select from glsync_postgres as n where n.glide_row_id = g.k)
), counted as (
    select
        glide, postgres,
        count(*) over (partition by glide) as of_glide, count(*) over (partition by postgres) as of_postgres
    from candidates
), paired as (
    update glsync_postgres as p
    set k = c.glide
    from counted as c
    where p.k = c.postgres and c.of_glide = 1 and c.of_postgres = 1
    returning p.k
)
select distinct unnest(array[glide, postgres]) from counted where of_glide > 1 or of_postgres > 1
