-- Store the staged rows that are new or differ. The join leaves equal rows unread by the writer: they cost no lock and no
-- WAL; on conflict stays for a second writer. xmax tells a row that was made from one that was changed.
with written as (
    insert into {target} as t ({inserted})
    select {values}
    from glsync_stage as s
    left join {target} as x on x.glide_row_id = s.glide_row_id
    where x.glide_row_id is null or {differs}
    on conflict (glide_row_id) do {action}
    returning (t.xmax = 0) as created
)
select count(*) filter (where created) as created, count(*) filter (where not created) as updated from written
