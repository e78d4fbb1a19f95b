-- Store the staged rows that are new or differ. Rows that are equal are only looked at: they cost no lock and no WAL. A
-- changed row is an update to triggers, checks and sequences, never an insert that met a conflict; on conflict stays for
-- a second writer, and xmax tells whom it found.
with found as materialized (
    select s.*, x.glide_row_id is null as glsync_is_new
    from glsync_stage as s
    left join {target} as x on x.glide_row_id = s.glide_row_id
    where x.glide_row_id is null or {differs}
), changed as (
    update {target} as t
    set {changes}
    from found as s
    where not s.glsync_is_new and t.glide_row_id = s.glide_row_id
    returning 1
), made as (
    insert into {target} as t ({inserted})
    select {values}
    from found as s
    where s.glsync_is_new
    on conflict (glide_row_id) do update set {again}
    returning (t.xmax = 0) as is_new
)
select
    (select count(*) from made as m where m.is_new) as created,
    (select count(*) from changed) + (select count(*) from made as m where not m.is_new) as updated
