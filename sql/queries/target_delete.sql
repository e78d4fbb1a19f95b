-- Rows that are gone from Glide go from here; what they were is kept.
with gone as (
    delete from {target} as t where t.glide_row_id = any(%(ids)s)
    returning t.glide_row_id, to_jsonb(t.*) as before
), kept as (
    insert into glsync.history (mapping_id, log_id, side, operation, glide_row_id, before)
    select %(mapping)s::uuid, %(log)s::uuid, 'postgres', 'delete', g.glide_row_id, g.before
    from gone as g
    where %(log)s::uuid is not null
)
select count(*) from gone
