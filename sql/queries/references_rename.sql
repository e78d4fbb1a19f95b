-- A mapping has another name: whoever refers to it goes on referring to it.
update public.gl_mappings as m
set column_mappings = (
    select jsonb_object_agg(
        p.key, case when p.value ->> 'reference' = %(was)s then p.value || jsonb_build_object('reference', %(now)s::text) else p.value end
    )
    from jsonb_each(m.column_mappings) as p
)
where m.workspace_id = %(workspace)s
    and jsonb_path_exists(m.column_mappings, '$.*.reference ? (@ == $name)', jsonb_build_object('name', %(was)s::text))
