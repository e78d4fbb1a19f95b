-- What storing the staged rows would do, with the first few that would change.
select
    count(*) filter (where x.glide_row_id is null) as created,
    count(*) filter (where x.glide_row_id is not null) as updated,
    (array_agg(s.glide_row_id))[1:5] as sample
from glsync_stage as s
left join {target} as x on x.glide_row_id = s.glide_row_id
where x.glide_row_id is null or {differs}
