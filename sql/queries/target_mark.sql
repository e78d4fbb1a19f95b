-- Rows that are gone from Glide are marked, once; what they were is kept. Each part of a divided table counts its places
-- from the start, so a place is one only together with its part.
with hit as (
    select t.tableoid as part, t.ctid as place, t.glide_row_id, to_jsonb(t.*) as before
    from {target} as t
    where t.glide_row_id = any(%(ids)s) and t.{mark} is null
    for update of t
), gone as (
    update {target} as t set {mark} = now() from hit
    where t.ctid = hit.place and t.tableoid = hit.part
    returning hit.glide_row_id, hit.before
), kept as (
    insert into glsync.history (mapping_id, log_id, side, operation, glide_row_id, before)
    select %(mapping)s::uuid, %(log)s::uuid, 'postgres', 'mark', g.glide_row_id, g.before
    from gone as g
    where %(log)s::uuid is not null
)
select count(*) from gone
