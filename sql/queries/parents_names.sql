-- What Glide calls the parents that have these keys.
select v.key, p.glide_row_id
from jsonb_array_elements(%(keys)s::jsonb) as v (key)
inner join {parent} as p on p.{key} = (v.key #>> '{{}}')::{type}
where p.glide_row_id is not null
