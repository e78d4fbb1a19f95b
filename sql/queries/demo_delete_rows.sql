-- Rows of a target that the base knows to have come from Glide, whichever way its mapping goes.
delete from {target}
where {key} in (
    select jsonb_array_elements_text(convert_from(p.ids, 'UTF8')::jsonb)
    from glsync.base_pages as p
    where p.mapping_id = %(mapping)s
    union all
    select l.glide_row_id
    from glsync.links as l
    where l.mapping_id = %(mapping)s and l.glide_row_id is not null
)
