-- Rows of a target that the base knows to have come from Glide.
delete from {target}
where {key} in (
    select jsonb_array_elements_text(convert_from(p.ids, 'UTF8')::jsonb)
    from glsync.base_pages as p
    where p.mapping_id = %(mapping)s
)
